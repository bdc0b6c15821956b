// method: largest | level: 1 | tags: plain
class Solution {
    static int largest(int a, int b, int c) {
        return Math.max(a, Math.max(b, c));
    }
}
