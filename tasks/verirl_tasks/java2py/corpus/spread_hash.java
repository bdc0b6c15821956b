// method: spreadHash | level: 2 | tags: unsigned-shift, bit-twiddling
class Solution {
    static int spreadHash(int h) {
        h ^= h >>> 16;
        h ^= h >>> 7;
        return h;
    }
}
