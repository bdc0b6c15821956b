// method: encode | level: 3 | tags: string-builder, utf16-length
class Solution {
    static String encode(String text) {
        StringBuilder code = new StringBuilder();
        int i = 0;
        while (i < text.length()) {
            char c = text.charAt(i);
            int run = 1;
            while (i + run < text.length() && text.charAt(i + run) == c) {
                run++;
            }
            if (run > 2) {
                code.append(run).append(c);
            } else {
                for (int k = 0; k < run; k++) {
                    code.append(c);
                }
            }
            i += run;
        }
        code.insert(0, code.length() + ":");
        return code.toString();
    }
}
