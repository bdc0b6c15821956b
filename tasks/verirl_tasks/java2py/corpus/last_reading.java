// method: lastReading | level: 1 | tags: plain, collections
import java.util.List;

class Solution {
    static int lastReading(List<Integer> readings, int fallback) {
        if (readings.isEmpty()) {
            return fallback;
        }
        return readings.get(readings.size() - 1);
    }
}
