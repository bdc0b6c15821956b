// method: firstOrZero | level: 1 | tags: plain
import java.util.List;

class Solution {
    static int firstOrZero(List<Integer> items) {
        return items.isEmpty() ? 0 : items.get(0);
    }
}
