// method: remember | level: 2 | tags: map-order, collections
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

class Solution {
    /** Keeps the five most recent searches; searching again moves an entry to the end. */
    static List<String> remember(List<String> searches) {
        LinkedHashSet<String> recent = new LinkedHashSet<>();
        for (String search : searches) {
            recent.remove(search);
            recent.add(search);
            if (recent.size() > 5) {
                String oldest = recent.iterator().next();
                recent.remove(oldest);
            }
        }
        return new ArrayList<>(recent);
    }
}
