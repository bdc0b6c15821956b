// method: roundToCents | level: 2 | tags: rounding
class Solution {
    static double roundToCents(double amount) {
        return Math.round(amount * 100) / 100.0;
    }
}
