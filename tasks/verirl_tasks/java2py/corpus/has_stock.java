// method: hasStock | level: 1 | tags: plain
import java.util.Map;

class Solution {
    static boolean hasStock(Map<String, Integer> stock, String item) {
        return stock.containsKey(item) && stock.get(item) > 0;
    }
}
