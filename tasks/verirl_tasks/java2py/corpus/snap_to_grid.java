// method: snap | level: 3 | tags: rounding, classes
class Solution {
    static class Point {
        final double x;
        final double y;

        Point(double x, double y) {
            this.x = x;
            this.y = y;
        }

        Point snapped(double cell) {
            return new Point(Math.rint(x / cell) * cell, Math.floor(y / cell + 0.5) * cell);
        }
    }

    static double[] snap(int x, int y, boolean coarse) {
        Point p = new Point(x, y).snapped(coarse ? 10 : 2);
        return new double[] {p.x, p.y};
    }
}
