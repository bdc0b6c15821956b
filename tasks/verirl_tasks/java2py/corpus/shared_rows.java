// method: seatPlan | level: 2 | tags: aliasing
import java.util.Arrays;

class Solution {
    static int[][] seatPlan(int rows, int[] taken) {
        int count = Math.abs(rows % 7);
        int[][] plan = new int[count][];
        int[] empty = new int[4];
        Arrays.fill(plan, empty);
        for (int seat : taken) {
            int row = Math.floorMod(seat, 7);
            if (row < count) {
                plan[row][Math.floorMod(seat, 4)]++;
            }
        }
        return plan;
    }
}
