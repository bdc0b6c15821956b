// method: extract | level: 3 | tags: shift, unsigned-shift, bit-twiddling
class Solution {
    static long extract(long register, int from, int width) {
        long mask = (1L << width) - 1;
        long field = (register >>> from) & mask;
        boolean negative = (field >> (width - 1) & 1) == 1;
        return negative ? field | ~mask : field;
    }
}
