// method: withdraw | level: 3 | tags: exceptions, collections, aliasing
import java.util.List;

class Solution {
    /** Takes the entry out of the caller's list while walking over it. */
    static int withdraw(List<String> entries, String name) {
        int visited = 0;
        for (String entry : entries) {
            visited++;
            if (entry.equals(name)) {
                entries.remove(entry);
            }
        }
        return visited;
    }
}
