// method: mixDown | level: 3 | tags: narrowing
class Solution {
    static short[] mixDown(short[] left, short[] right, double gain) {
        int n = Math.min(left.length, right.length);
        short[] out = new short[n];
        for (int i = 0; i < n; i++) {
            int sum = left[i] + right[i];
            int scaled = (int) (sum * gain);
            out[i] = (short) scaled;
        }
        return out;
    }
}
