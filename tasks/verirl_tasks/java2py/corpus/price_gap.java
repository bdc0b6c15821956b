// method: priceGap | level: 2 | tags: abs-min, overflow
class Solution {
    static boolean priceGap(int ask, int bid, int limit) {
        int gap = Math.abs(ask - bid);
        return gap <= limit;
    }
}
