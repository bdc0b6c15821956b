// method: seatGroups | level: 3 | tags: labelled-break, collections
import java.util.ArrayList;
import java.util.List;

class Solution {
    static List<String> seatGroups(int[][] free, List<Integer> groups) {
        List<String> placed = new ArrayList<>();
        next:
        for (int group : groups) {
            for (int row = 0; row < free.length; row++) {
                for (int block = 0; block < free[row].length; block++) {
                    if (free[row][block] == group) {
                        free[row][block] = 0;
                        placed.add(row + ":" + block);
                        continue next;
                    }
                    if (free[row][block] < 0) {
                        break next;
                    }
                }
            }
            placed.add("-");
        }
        return placed;
    }
}
