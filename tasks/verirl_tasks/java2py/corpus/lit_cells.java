// method: litCells | level: 1 | tags: plain
class Solution {
    static int litCells(boolean[][] board) {
        int lit = 0;
        for (boolean[] row : board) {
            for (boolean cell : row) {
                if (cell) {
                    lit += 1;
                }
            }
        }
        return lit;
    }
}
