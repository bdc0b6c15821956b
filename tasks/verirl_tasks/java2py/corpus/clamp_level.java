// method: clampLevel | level: 1 | tags: plain
class Solution {
    static int clampLevel(int level) {
        return Math.max(0, Math.min(100, level));
    }
}
