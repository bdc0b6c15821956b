// method: byPriority | level: 2 | tags: sorting, collections
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

class Solution {
    /** Tickets with the highest priority first; equal ones stay in the order of arrival. */
    static List<String> byPriority(String[] tickets, int[] priorities) {
        int n = Math.min(tickets.length, priorities.length);
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            order.add(i);
        }
        order.sort(Comparator.comparingInt((Integer i) -> priorities[i]).reversed());
        List<String> sorted = new ArrayList<>();
        for (int index : order) {
            sorted.add(tickets[index]);
        }
        return sorted;
    }
}
