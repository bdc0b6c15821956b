// method: maskCard | level: 2 | tags: string-builder, utf16-length
class Solution {
    static String maskCard(String number) {
        StringBuilder masked = new StringBuilder(number);
        for (int i = 0; i < masked.length() - 4; i++) {
            if (masked.charAt(i) != ' ') {
                masked.setCharAt(i, '*');
            }
        }
        return masked.toString();
    }
}
