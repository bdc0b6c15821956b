// method: dropBlank | level: 1 | tags: plain, collections
import java.util.ArrayList;
import java.util.List;

class Solution {
    static List<String> dropBlank(List<String> lines) {
        List<String> kept = new ArrayList<>();
        for (String line : lines) {
            if (!line.isEmpty()) {
                kept.add(line);
            }
        }
        return kept;
    }
}
