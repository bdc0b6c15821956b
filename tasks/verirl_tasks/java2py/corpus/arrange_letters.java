// method: arrangements | level: 3 | tags: recursion, string-builder, utf16-length
import java.util.ArrayList;
import java.util.List;

class Solution {
    private static void extend(char[] letters, boolean[] used, StringBuilder prefix, List<String> out) {
        if (prefix.length() == letters.length) {
            out.add(prefix.toString());
            return;
        }
        for (int i = 0; i < letters.length; i++) {
            if (used[i] || i > 0 && letters[i] == letters[i - 1] && !used[i - 1]) {
                continue;
            }
            used[i] = true;
            prefix.append(letters[i]);
            extend(letters, used, prefix, out);
            prefix.deleteCharAt(prefix.length() - 1);
            used[i] = false;
        }
    }

    static List<String> arrangements(String word) {
        char[] letters = word.substring(0, Math.min(4, word.length())).toCharArray();
        java.util.Arrays.sort(letters);
        List<String> out = new ArrayList<>();
        extend(letters, new boolean[letters.length], new StringBuilder(), out);
        return out;
    }
}
