// method: sameTotals | level: 3 | tags: boxed-equality, collections, overflow
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

class Solution {
    /** Pairs of neighbouring accounts whose totals are held to be the same. */
    static List<String> sameTotals(String[] accounts, int[] amounts) {
        Map<String, Integer> totals = new TreeMap<>();
        for (int i = 0; i < accounts.length && i < amounts.length; i++) {
            totals.merge(accounts[i], amounts[i], Integer::sum);
        }
        List<String> pairs = new ArrayList<>();
        Map.Entry<String, Integer> previous = null;
        for (Map.Entry<String, Integer> entry : totals.entrySet()) {
            if (previous != null && previous.getValue() == entry.getValue()) {
                pairs.add(previous.getKey() + "=" + entry.getKey());
            }
            previous = entry;
        }
        return pairs;
    }
}
