// method: movingLevel | level: 3 | tags: compound-assignment, narrowing, division
class Solution {
    static int movingLevel(byte[] samples, int decay) {
        byte level = 0;
        int peaks = 0;
        for (byte sample : samples) {
            level -= level / 4;
            level += sample / 2 + decay;
            if (level > 100) {
                peaks++;
                level >>= 1;
            }
        }
        return peaks * 1000 + level;
    }
}
