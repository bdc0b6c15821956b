// method: encode | level: 3 | tags: char-arithmetic, string-builder, exceptions
class Solution {
    static String encode(String text, String key) {
        StringBuilder out = new StringBuilder(text.length());
        int used = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 'A' || c > 'Z') {
                out.append(c);
                continue;
            }
            char k = key.charAt(used % key.length());
            used++;
            out.append((char) ('A' + (c + k - 2 * 'A') % 26));
        }
        return out.toString();
    }
}
