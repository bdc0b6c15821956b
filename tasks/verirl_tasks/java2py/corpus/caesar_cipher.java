// method: caesar | level: 2 | tags: char-arithmetic, remainder, string-builder
class Solution {
    static String caesar(String text, int key) {
        StringBuilder out = new StringBuilder();
        for (char c : text.toCharArray()) {
            if (c >= 'a' && c <= 'z') {
                out.append((char) ('a' + (c - 'a' + key % 26) % 26));
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }
}
