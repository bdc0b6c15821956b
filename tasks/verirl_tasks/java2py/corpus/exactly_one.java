// method: exactlyOne | level: 1 | tags: plain
class Solution {
    static boolean exactlyOne(boolean left, boolean right) {
        return left != right;
    }
}
