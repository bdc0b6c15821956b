// method: arrange | level: 3 | tags: sorting, null-handling, collections
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

class Solution {
    static List<String> arrange(List<String> names, boolean descending) {
        List<String> copy = new ArrayList<>();
        int missing = 0;
        for (String name : names) {
            if (name == null || name.equals("null")) {
                copy.add(null);
                missing++;
            } else {
                copy.add(name);
            }
        }
        Comparator<String> order = Comparator.nullsFirst(Comparator.naturalOrder());
        copy.sort(descending ? order.reversed() : order);
        copy.add("missing: " + missing);
        return copy;
    }
}
