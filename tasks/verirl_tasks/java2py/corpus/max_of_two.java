// method: maxOfTwo | level: 1 | tags: plain
class Solution {
    static int maxOfTwo(int a, int b) {
        return a > b ? a : b;
    }
}
