// method: reorderLevel | level: 3 | tags: null-handling, exceptions, ternary-promotion
import java.util.HashMap;
import java.util.Map;

class Solution {
    static String reorderLevel(int[] levels, int shelf, boolean strict) {
        Map<Integer, Integer> known = new HashMap<>();
        for (int i = 0; i < levels.length; i++) {
            known.put(i, levels[i] == 0 ? null : Integer.valueOf(levels[i]));
        }
        int place = Math.floorMod(shelf, 6);
        if (!known.containsKey(place)) {
            return "unknown " + known.get(place);
        }
        Integer level = strict ? known.get(place) : 0;
        Object shown = strict ? level : Double.valueOf(0.5);
        return place + ":" + level + ":" + shown;
    }
}
