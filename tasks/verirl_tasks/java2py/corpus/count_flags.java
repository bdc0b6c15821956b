// method: countFlags | level: 2 | tags: bit-twiddling
class Solution {
    static int countFlags(int flags) {
        int count = 0;
        while (flags != 0) {
            flags &= flags - 1;
            count++;
        }
        return count;
    }
}
