// method: buildOrder | level: 4 | tags: split, sorting, exceptions, collections
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

class Solution {
    /** Rules such as "app>lib" (app needs lib), or a lone name; the order in which to build. */
    static List<String> buildOrder(List<String> rules) {
        Map<String, TreeSet<String>> neededBy = new TreeMap<>();
        Map<String, Integer> open = new TreeMap<>();
        for (String rule : rules) {
            String[] sides = rule.split(">", 3);
            String user = sides[0].strip();
            open.putIfAbsent(user, 0);
            if (sides.length == 3) {
                throw new IllegalArgumentException("two arrows: " + rule);
            }
            if (sides.length == 2) {
                String library = sides[1].strip();
                open.putIfAbsent(library, 0);
                if (neededBy.computeIfAbsent(library, k -> new TreeSet<>()).add(user)) {
                    open.merge(user, 1, Integer::sum);
                }
            }
        }
        Deque<String> ready = new ArrayDeque<>();
        for (Map.Entry<String, Integer> entry : open.entrySet()) {
            if (entry.getValue() == 0) {
                ready.addFirst(entry.getKey());
            }
        }
        List<String> order = new ArrayList<>();
        while (!ready.isEmpty()) {
            String next = ready.pollFirst();
            order.add(next);
            for (String user : neededBy.getOrDefault(next, new TreeSet<>())) {
                int left = open.merge(user, -1, Integer::sum);
                if (left == 0) {
                    ready.addLast(user);
                }
            }
        }
        if (order.size() < open.size()) {
            throw new IllegalStateException("cycle");
        }
        return order;
    }
}
