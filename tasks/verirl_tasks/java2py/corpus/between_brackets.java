// method: between | level: 2 | tags: string-methods, exceptions
class Solution {
    static String between(String text) {
        int open = text.indexOf('[');
        int close = text.lastIndexOf(']');
        if (open < 0) {
            return text;
        }
        return text.substring(open + 1, close);
    }
}
