// method: stockLeft | level: 1 | tags: plain, collections
import java.util.Map;

class Solution {
    static long stockLeft(Map<String, Integer> stock) {
        long left = 0;
        for (int amount : stock.values()) {
            if (amount > 0) {
                left = left + amount;
            }
        }
        return left;
    }
}
