// method: allInStock | level: 1 | tags: plain, collections
import java.util.List;

class Solution {
    static boolean allInStock(List<Integer> counts) {
        return counts.stream().allMatch(count -> count > 0);
    }
}
