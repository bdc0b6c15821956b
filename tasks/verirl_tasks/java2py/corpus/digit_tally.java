// method: tally | level: 2 | tags: map-order, collections
import java.util.HashMap;
import java.util.Map;

class Solution {
    static String tally(int[] numbers) {
        Map<Integer, Integer> counts = new HashMap<>();
        for (int number : numbers) {
            counts.merge(Math.floorMod(number, 10), 1, Integer::sum);
        }
        return counts.toString();
    }
}
