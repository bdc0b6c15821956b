// method: boilerState | level: 1 | tags: plain
class Solution {
    static String boilerState(double celsius) {
        if (celsius >= 95.0) {
            return "hot";
        } else if (celsius >= 40.0) {
            return "warm";
        } else if (celsius < 40.0) {
            return "cold";
        }
        return "sensor error";
    }
}
