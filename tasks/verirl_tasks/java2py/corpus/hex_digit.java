// method: isHexDigit | level: 1 | tags: plain
class Solution {
    static boolean isHexDigit(char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    }
}
