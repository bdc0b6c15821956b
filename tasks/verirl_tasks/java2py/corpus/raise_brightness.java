// method: raiseBrightness | level: 2 | tags: compound-assignment, narrowing
class Solution {
    static byte raiseBrightness(byte level, int boost) {
        level += boost;
        if (level < 0) {
            level = 0;
        }
        return level;
    }
}
