// method: grantBit | level: 2 | tags: shift, bit-twiddling
class Solution {
    static int grantBit(int permissions, int position) {
        int bit = 1 << position;
        return permissions | bit;
    }
}
