// method: changes | level: 4 | tags: boxed-equality, collections, sorting, exceptions
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;

class Solution {
    record Change(Integer before, Integer after) {
        boolean real() {
            return before != after;
        }

        int size() {
            return Math.abs(Math.subtractExact(after, before));
        }
    }

    private static List<Change> pair(List<Integer> before, List<Integer> after) {
        List<Change> changes = new ArrayList<>();
        Iterator<Integer> other = after.iterator();
        for (Integer number : before) {
            if (other.hasNext()) {
                changes.add(new Change(number + 0, other.next() + 0));
            }
        }
        return changes;
    }

    private static int lookups(List<Change> changes, long wanted) {
        int found = 0;
        List<Object> seen = new ArrayList<>();
        for (Change change : changes) {
            seen.add(change.before());
            if (seen.contains(wanted)) {
                found += 100;
            }
            if (seen.contains((int) wanted)) {
                found++;
            }
        }
        return found;
    }

    /** Badge numbers before and after, paired by place; the largest changes first. */
    static List<String> changes(List<Integer> before, List<Integer> after, int wanted) {
        List<Change> changes = pair(before, after);
        List<String> lines = new ArrayList<>();
        lines.add("known " + lookups(changes, wanted));
        changes.removeIf(change -> !change.real());
        changes.sort(Comparator.comparing(Change::size).reversed());
        for (Change change : changes) {
            lines.add(change.before().equals(change.after()) ? "equal " + change.before() : change.toString());
        }
        if (changes.size() > 1 && changes.get(0).before() == changes.get(1).before()) {
            Collections.swap(lines, 0, 1);
        }
        return lines;
    }
}
