// method: sumKnown | level: 2 | tags: null-handling, overflow
import java.util.List;

class Solution {
    static Integer sumKnown(List<Integer> values) {
        if (values == null) {
            return null;
        }
        Integer sum = null;
        for (Integer value : values) {
            if (value == null) {
                continue;
            }
            sum = sum == null ? value : sum + value;
        }
        return sum;
    }
}
