// method: canEnter | level: 1 | tags: plain
class Solution {
    static boolean canEnter(boolean banned, boolean member, boolean guest) {
        return !banned && (member || guest);
    }
}
