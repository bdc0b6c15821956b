// method: observe | level: 4 | tags: float-single, rounding, null-handling, classes
class Solution {
    private static final class Ring {
        private final float[] cells = new float[4];
        private int next;
        private int filled;

        void add(double value) {
            cells[next] = (float) value;
            next = (next + 1) & 3;
            filled = Math.min(filled + 1, cells.length);
        }

        float mean() {
            float sum = 0;
            for (int i = 0; i < filled; i++) {
                sum += cells[i];
            }
            return sum / filled;
        }

        float spread() {
            float low = Float.MAX_VALUE;
            float high = -Float.MAX_VALUE;
            for (int i = 0; i < filled; i++) {
                low = cells[i] < low ? cells[i] : low;
                high = cells[i] > high ? cells[i] : high;
            }
            return filled == 0 ? 0 : high - low;
        }
    }

    private final Ring ring = new Ring();
    private Integer alarm;

    float[] observe(double[] samples, Integer threshold) {
        float[] means = new float[samples.length + 1];
        for (int i = 0; i < samples.length; i++) {
            ring.add(samples[i]);
            means[i] = ring.mean();
            int level = Math.round(means[i]);
            if (threshold != null && alarm == null && level >= threshold) {
                alarm = i;
            }
        }
        means[samples.length] = alarm == null ? ring.spread() : -Math.round(ring.spread()) - alarm;
        return means;
    }
}
