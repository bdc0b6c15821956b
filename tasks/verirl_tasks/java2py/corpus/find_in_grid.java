// method: findInGrid | level: 2 | tags: labelled-break
class Solution {
    static int[] findInGrid(int[][] grid, int limit) {
        int[] found = {-1, -1};
        search:
        for (int r = 0; r < grid.length; r++) {
            for (int c = 0; c < grid[r].length; c++) {
                if (grid[r][c] > limit) {
                    found[0] = r;
                    found[1] = c;
                    break search;
                }
            }
        }
        return found;
    }
}
