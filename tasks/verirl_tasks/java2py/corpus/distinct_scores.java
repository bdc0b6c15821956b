// method: distinctScores | level: 1 | tags: sorting, collections
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

class Solution {
    static List<Integer> distinctScores(List<Integer> scores) {
        return new ArrayList<>(new TreeSet<>(scores));
    }
}
