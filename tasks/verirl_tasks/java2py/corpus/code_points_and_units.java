// method: measure | level: 2 | tags: utf16-length
class Solution {
    static int[] measure(String message) {
        int units = message.length();
        int points = message.codePointCount(0, units);
        int parts = (units + 139) / 140;
        return new int[] {units, points, parts};
    }
}
