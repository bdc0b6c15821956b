// method: shortestRoutes | level: 4 | tags: overflow, exceptions, aliasing
import java.util.Arrays;

class Solution {
    private static final int NONE = Integer.MAX_VALUE;

    private static int[][] square(int[][] roads) {
        int n = roads.length;
        int[][] cost = new int[n][n];
        for (int i = 0; i < n; i++) {
            Arrays.fill(cost[i], NONE);
            for (int j = 0; j < n; j++) {
                if (j < roads[i].length && roads[i][j] > 0) {
                    cost[i][j] = roads[i][j];
                }
            }
            cost[i][i] = 0;
        }
        return cost;
    }

    private static int relax(int[][] cost, int via) {
        int changed = 0;
        for (int from = 0; from < cost.length; from++) {
            for (int to = 0; to < cost.length; to++) {
                int detour = cost[from][via] + cost[via][to];
                if (detour < cost[from][to]) {
                    cost[from][to] = detour;
                    changed++;
                }
            }
        }
        return changed;
    }

    static int[][] shortestRoutes(int[][] roads, int start) {
        int[][] cost = square(roads);
        int changes = 0;
        for (int via = 0; via < cost.length; via++) {
            changes += relax(cost, via);
        }
        if (changes == 0) {
            return roads;
        }
        roads[0] = cost[Math.floorMod(start, cost.length)];
        return cost;
    }
}
