// method: isUrgent | level: 1 | tags: plain
class Solution {
    static boolean isUrgent(int flags) {
        return (flags & 4) != 0;
    }
}
