// method: newestFirst | level: 1 | tags: plain, collections
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

class Solution {
    static List<String> newestFirst(List<String> log) {
        List<String> copy = new ArrayList<>(log);
        Collections.reverse(copy);
        return copy;
    }
}
