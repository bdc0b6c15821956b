// method: repeats | level: 2 | tags: boxed-equality, collections
import java.util.ArrayList;
import java.util.List;

class Solution {
    /** How often a reading is followed by the very same one. */
    static int repeats(int[] readings) {
        List<Integer> boxed = new ArrayList<>();
        for (int reading : readings) {
            boxed.add(reading);
        }
        int same = 0;
        for (int i = 1; i < boxed.size(); i++) {
            if (boxed.get(i) == boxed.get(i - 1)) {
                same++;
            }
        }
        return same;
    }
}
