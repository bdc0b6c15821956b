// method: negate | level: 1 | tags: overflow
class Solution {
    static int negate(int n) {
        return -n;
    }
}
