// method: justify | level: 4 | tags: split, string-builder, utf16-length
import java.util.ArrayList;
import java.util.List;

class Solution {
    private static String stretch(List<String> words, int letters, int width) {
        StringBuilder line = new StringBuilder(words.get(0));
        int gaps = words.size() - 1;
        if (gaps == 0) {
            return line.append("_".repeat(width - letters)).toString();
        }
        int spaces = width - letters;
        for (int i = 1; i < words.size(); i++) {
            int share = spaces / gaps + (i <= spaces % gaps ? 1 : 0);
            for (int k = 0; k < share; k++) {
                line.append(' ');
            }
            line.append(words.get(i));
        }
        return line.toString();
    }

    static List<String> justify(String paragraph, int columns) {
        int width = 4 + Math.floorMod(columns, 16);
        List<String> lines = new ArrayList<>();
        List<String> current = new ArrayList<>();
        int letters = 0;
        for (String word : paragraph.split(" ")) {
            while (word.length() > width) {
                lines.add(word.substring(0, width));
                word = word.substring(width);
            }
            if (letters + current.size() + word.length() > width) {
                lines.add(stretch(current, letters, width));
                current.clear();
                letters = 0;
            }
            current.add(word);
            letters += word.length();
        }
        if (!current.isEmpty()) {
            lines.add(String.join(" ", current));
        }
        return lines;
    }
}
