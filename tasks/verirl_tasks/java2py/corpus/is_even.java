// method: isEven | level: 1 | tags: plain
class Solution {
    static boolean isEven(int n) {
        return n % 2 == 0;
    }
}
