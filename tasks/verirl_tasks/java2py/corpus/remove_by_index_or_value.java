// method: dropTwo | level: 2 | tags: collections, exceptions
import java.util.ArrayList;
import java.util.List;

class Solution {
    static List<Integer> dropTwo(List<Integer> queue, int key) {
        List<Integer> left = new ArrayList<>(queue);
        left.remove(Integer.valueOf(key));
        if (key >= 0 && key < 100) {
            left.remove(key);
        }
        return left;
    }
}
