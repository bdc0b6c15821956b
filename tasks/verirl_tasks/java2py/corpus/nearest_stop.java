// method: nearestStop | level: 3 | tags: abs-min, overflow, exceptions
class Solution {
    static int nearestStop(int[] stops, int position) {
        int best = stops[0];
        int shortest = Math.abs(best - position);
        for (int i = 1; i < stops.length; i++) {
            int distance = Math.abs(stops[i] - position);
            if (distance < shortest) {
                shortest = distance;
                best = stops[i];
            }
        }
        return best;
    }
}
