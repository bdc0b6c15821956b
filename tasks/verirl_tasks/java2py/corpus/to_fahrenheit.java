// method: toFahrenheit | level: 1 | tags: plain
class Solution {
    static double toFahrenheit(double celsius) {
        return celsius * 9 / 5 + 32;
    }
}
