// method: rowsWithoutZero | level: 2 | tags: labelled-break
class Solution {
    static int rowsWithoutZero(int[][] rows) {
        int count = 0;
        outer:
        for (int[] row : rows) {
            for (int value : row) {
                if (value == 0) {
                    continue outer;
                }
            }
            count++;
        }
        return count;
    }
}
