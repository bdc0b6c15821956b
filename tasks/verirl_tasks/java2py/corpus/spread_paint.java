// method: paint | level: 3 | tags: recursion, aliasing
class Solution {
    private static int spread(int[][] wall, int row, int column, int color, int reach) {
        if (reach == 0 || row < 0 || row >= wall.length) {
            return 0;
        }
        if (column < 0 || column >= wall[row].length || wall[row][column] == color) {
            return 0;
        }
        wall[row][column] = color;
        int painted = 1;
        painted += spread(wall, row, column + 1, color, reach - 1);
        painted += spread(wall, row + 1, column, color, reach - 1);
        painted += spread(wall, row, column - 1, color, reach - 1);
        painted += spread(wall, row - 1, column, color, reach - 1);
        return painted;
    }

    static int paint(int[][] wall, int row, int column, int color) {
        return spread(wall, Math.floorMod(row, 4), Math.floorMod(column, 4), color, 6);
    }
}
