// method: colourFromHex | level: 2 | tags: integer-parsing, string-methods
class Solution {
    static int colourFromHex(String code) {
        String digits = code.startsWith("#") ? code.substring(1) : code;
        return Integer.parseInt(digits, 16);
    }
}
