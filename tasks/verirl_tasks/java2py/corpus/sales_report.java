// method: report | level: 4 | tags: float-format, rounding, map-order, ternary-promotion
import java.util.Map;
import java.util.TreeMap;

class Solution {
    private static class Line {
        private int units;
        private long cents;

        void add(int amount) {
            units++;
            cents += amount;
        }

        double mean() {
            return cents / 100.0 / units;
        }
    }

    private static String trend(Line line, int best) {
        Object value = line.units == best ? line.units : line.cents / 8.0;
        return "" + value;
    }

    static String report(int[] regions, int[] cents) {
        Map<Integer, Line> lines = new TreeMap<>();
        int n = Math.min(regions.length, cents.length);
        int best = 0;
        for (int i = 0; i < n; i++) {
            int region = regions[i] % 5;
            Line line = lines.get(region);
            if (line == null) {
                line = new Line();
                lines.put(region, line);
            }
            line.add(cents[i] / 2);
            best = Math.max(best, line.units);
        }
        StringBuilder out = new StringBuilder();
        long rounded = 0;
        for (Map.Entry<Integer, Line> entry : lines.entrySet()) {
            Line line = entry.getValue();
            rounded += Math.round(line.cents / 100.0);
            out.append(String.format("%3d %d %.1f|", entry.getKey(), line.units, line.cents / 100.0));
            out.append(trend(line, best)).append('\n');
        }
        double mean = n == 0 ? 0 : rounded / (double) n;
        return out.append(rounded).append(mean < 0 ? " loss" : " profit").toString();
    }
}
