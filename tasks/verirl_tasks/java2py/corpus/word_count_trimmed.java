// method: wordCounts | level: 2 | tags: split, string-methods
import java.util.ArrayList;
import java.util.List;

class Solution {
    static List<Integer> wordCounts(List<String> lines) {
        List<Integer> counts = new ArrayList<>();
        for (String line : lines) {
            String[] words = line.trim().split("\\s+");
            boolean heading = words[0].equals("#");
            counts.add(heading ? -words.length : words.length);
        }
        return counts;
    }
}
