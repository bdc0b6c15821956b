// method: squaredLength | level: 1 | tags: plain
class Solution {
    static double squaredLength(double x, double y) {
        return x * x + y * y;
    }
}
