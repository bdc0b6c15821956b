// method: sequence | level: 3 | tags: overflow, unsigned-shift
class Solution {
    private long state;

    private int next(int bits) {
        state = state * 6364136223846793005L + 1442695040888963407L;
        return (int) (state >>> (64 - bits));
    }

    int[] sequence(long seed, int bound) {
        state = seed;
        int[] out = new int[8];
        for (int i = 0; i < out.length; i++) {
            int value = next(31);
            out[i] = bound > 0 ? value % bound : value;
        }
        return out;
    }
}
