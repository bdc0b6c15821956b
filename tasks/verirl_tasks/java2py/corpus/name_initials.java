// method: initials | level: 1 | tags: utf16-length, exceptions
class Solution {
    static String initials(String first, String last) {
        return "" + first.charAt(0) + last.charAt(0);
    }
}
