// method: clamp | level: 1 | tags: plain
class Solution {
    static final int LOUDEST = 100;

    static int clamp(int volume) {
        if (volume < 0) {
            return 0;
        }
        if (volume > LOUDEST) {
            return LOUDEST;
        }
        return volume;
    }
}
