// method: clockLabel | level: 2 | tags: division, remainder
class Solution {
    static String clockLabel(int minutes) {
        int hours = minutes / 60;
        int rest = minutes % 60;
        return hours + "h" + rest + "m";
    }
}
