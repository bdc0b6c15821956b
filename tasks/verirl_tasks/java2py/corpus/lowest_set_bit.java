// method: lowestSetBit | level: 2 | tags: bit-twiddling, overflow
class Solution {
    static int lowestSetBit(int mask) {
        if (mask == 0) {
            return -1;
        }
        return mask & -mask;
    }
}
