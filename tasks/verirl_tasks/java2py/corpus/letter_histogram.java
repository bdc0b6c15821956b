// method: histogram | level: 3 | tags: map-order, string-builder, collections
import java.util.HashMap;
import java.util.Map;

class Solution {
    static String histogram(String text) {
        Map<Character, Integer> counts = new HashMap<>();
        for (char c : text.toCharArray()) {
            boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
            if (letter) {
                counts.put(c, counts.getOrDefault(c, 0) + 1);
            }
        }
        StringBuilder line = new StringBuilder();
        for (Map.Entry<Character, Integer> entry : counts.entrySet()) {
            line.append(entry.getKey()).append(entry.getValue()).append(' ');
        }
        return line.toString();
    }
}
