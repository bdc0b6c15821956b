// method: caption | level: 2 | tags: utf16-length, string-methods, exceptions
class Solution {
    static String caption(String text, int limit) {
        if (text.length() <= limit) {
            return text;
        }
        return text.substring(0, limit - 3) + "...";
    }
}
