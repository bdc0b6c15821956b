// method: shiftWindow | level: 2 | tags: shift
class Solution {
    static long shiftWindow(long window, int by) {
        if (by >= 0) {
            return window >> by;
        }
        return window << -by;
    }
}
