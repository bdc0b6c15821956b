// method: midpoint | level: 1 | tags: plain
class Solution {
    static double midpoint(double low, double high) {
        double sum = low + high;
        return sum / 2;
    }
}
