// method: walk | level: 4 | tags: fall-through, labelled-break, remainder, utf16-length
class Solution {
    private static final int[] DX = {0, 1, 0, -1};
    private static final int[] DY = {1, 0, -1, 0};
    private int x;
    private int y;
    private int heading;

    private void turn(int quarters) {
        heading = (heading + quarters) % 4;
    }

    private boolean forward(int steps, int[] wall) {
        for (int i = 0; i < steps; i++) {
            int nx = x + DX[Math.abs(heading)];
            int ny = y + DY[Math.abs(heading)];
            if (wall.length > 1 && nx == wall[0] && ny == wall[1]) {
                return false;
            }
            x = nx;
            y = ny;
        }
        return true;
    }

    String walk(String commands, int[] wall) {
        int bumps = 0;
        int i = 0;
        drive:
        for (; i < commands.length(); i++) {
            switch (commands.charAt(i)) {
                case 'b':
                    turn(1);
                case 'r':
                    turn(1);
                    break;
                case 'l':
                    turn(-1);
                    continue drive;
                case '!':
                    break drive;
                case 'd':
                    if (!forward(1, wall)) {
                        bumps++;
                        break;
                    }
                default:
                    if (!forward(1, wall) && ++bumps > 2) {
                        break drive;
                    }
            }
            if (bumps > 0 && i % 3 == 2) {
                turn(2);
            }
        }
        return x + "," + y + " " + heading + " " + bumps + " @" + i;
    }
}
