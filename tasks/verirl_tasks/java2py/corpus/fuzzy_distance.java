// method: distance | level: 4 | tags: recursion, collections, utf16-length
import java.util.HashMap;
import java.util.Map;

class Solution {
    private final Map<String, Integer> memo = new HashMap<>();
    private int hits;

    private int cost(char a, char b) {
        if (a == b) {
            return 0;
        }
        boolean vowels = "aeiou".indexOf(a) >= 0 && "aeiou".indexOf(b) >= 0;
        return vowels ? 1 : 2;
    }

    private int solve(String a, String b) {
        if (a.isEmpty() || b.isEmpty()) {
            return 2 * (a.length() + b.length());
        }
        String key = a.length() + "/" + b.length();
        Integer known = memo.get(key);
        if (known != null) {
            hits++;
            return known;
        }
        char x = a.charAt(0);
        char y = b.charAt(0);
        int best = cost(x, y) + solve(a.substring(1), b.substring(1));
        best = Math.min(best, 2 + solve(a.substring(1), b));
        best = Math.min(best, 2 + solve(a, b.substring(1)));
        if (a.length() > 1 && b.length() > 1 && x == b.charAt(1) && y == a.charAt(1)) {
            best = Math.min(best, 1 + solve(a.substring(2), b.substring(2)));
        }
        memo.put(key, best);
        return best;
    }

    /** The distance of two names (of their first nine characters), and how often the memo helped. */
    int[] distance(String first, String second) {
        String a = first.length() > 9 ? first.substring(0, 9) : first;
        String b = second.length() > 9 ? second.substring(0, 9) : second;
        return new int[] {solve(a, b), hits};
    }
}
