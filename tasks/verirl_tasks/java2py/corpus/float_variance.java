// method: variance | level: 3 | tags: float-single, exceptions
class Solution {
    static double variance(float[] xs) {
        if (xs.length < 2) {
            throw new IllegalStateException("two samples needed");
        }
        float mean = 0;
        for (float x : xs) {
            mean += x / xs.length;
        }
        double sum = 0;
        for (float x : xs) {
            float d = x - mean;
            sum += d * d;
        }
        return sum / (xs.length - 1);
    }
}
