// method: sumOfSquares | level: 1 | tags: plain
class Solution {
    static long sumOfSquares(short[] samples) {
        long sum = 0;
        for (short s : samples) {
            sum += (long) s * s;
        }
        return sum;
    }
}
