// method: usedColumns | level: 1 | tags: utf16-length
class Solution {
    static int usedColumns(String text, boolean quoted) {
        return quoted ? text.length() + 2 : text.length();
    }
}
