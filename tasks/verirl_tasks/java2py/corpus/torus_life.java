// method: evolve | level: 4 | tags: remainder, aliasing, labelled-break
class Solution {
    private static int neighbours(int[][] world, int row, int column) {
        int alive = 0;
        for (int dr = -1; dr <= 1; dr++) {
            for (int dc = -1; dc <= 1; dc++) {
                if (dr == 0 && dc == 0) {
                    continue;
                }
                int r = (row + dr) % world.length;
                int c = (column + dc) % world[row].length;
                if (r >= 0 && c >= 0 && c < world[r].length && world[r][c] > 0) {
                    alive++;
                }
            }
        }
        return alive;
    }

    private static int[][] step(int[][] world) {
        int[][] next = new int[world.length][];
        for (int r = 0; r < world.length; r++) {
            next[r] = new int[world[r].length];
            for (int c = 0; c < world[r].length; c++) {
                int n = neighbours(world, r, c);
                next[r][c] = n == 3 || n == 2 && world[r][c] > 0 ? 1 : 0;
            }
        }
        return next;
    }

    static int evolve(int[][] world, byte generations) {
        int age = 0;
        int[][] current = world;
        grow:
        while (age++ < generations % 10) {
            int[][] next = step(current);
            for (int r = 0; r < next.length; r++) {
                for (int c = 0; c < next[r].length; c++) {
                    if (next[r][c] != current[r][c]) {
                        current = next;
                        continue grow;
                    }
                }
            }
            break;
        }
        for (int r = 0; r < world.length; r++) {
            world[r] = current[r];
        }
        return age;
    }
}
