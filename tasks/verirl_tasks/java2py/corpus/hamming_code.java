// method: hammingEncode | level: 3 | tags: bit-twiddling
class Solution {
    static int hammingEncode(int data) {
        int d = data & 0xf;
        int p1 = (d ^ (d >> 1) ^ (d >> 3)) & 1;
        int p2 = (d ^ (d >> 2) ^ (d >> 3)) & 1;
        int p4 = ((d >> 1) ^ (d >> 2) ^ (d >> 3)) & 1;
        int code = p1 | p2 << 1 | (d & 1) << 2 | p4 << 3 | (d & ~1) << 3;
        return Integer.bitCount(data) % 2 == 0 ? code : ~code;
    }
}
