// method: encodeLines | level: 4 | tags: bit-twiddling, char-arithmetic, string-builder
import java.util.ArrayList;
import java.util.List;

class Solution {
    private static char symbol(int six) {
        if (six < 26) {
            return (char) ('A' + six);
        }
        if (six < 52) {
            return (char) ('a' + six - 26);
        }
        if (six < 62) {
            return (char) ('0' + six - 52);
        }
        return six == 62 ? '+' : '/';
    }

    private static String group(int a, int b, int c, int present) {
        int bits = (a & 0xff) << 16 | (b & 0xff) << 8 | c & 0xff;
        StringBuilder out = new StringBuilder();
        for (int shift = 18; shift >= 0; shift -= 6) {
            out.append(symbol(bits >> shift & 0x3f));
        }
        for (int i = present; i < 3; i++) {
            out.setCharAt(i + 1, '=');
        }
        return out.toString();
    }

    static List<String> encodeLines(byte[] data, int width) {
        List<String> lines = new ArrayList<>();
        String line = "";
        for (int i = 0; i < data.length; i += 3) {
            int left = data.length - i;
            int second = left > 1 ? data[i + 1] : 0;
            int third = left > 2 ? data[i + 2] : 0;
            line += group(data[i], second, third, Math.min(left, 3));
            if (line.length() >= width) {
                lines.add(line);
                line = "";
            }
        }
        if (!line.isEmpty()) {
            lines.add(line);
        }
        return lines;
    }
}
