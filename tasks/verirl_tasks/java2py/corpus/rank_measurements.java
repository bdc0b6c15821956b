// method: rank | level: 3 | tags: sorting, collections, rounding
import java.util.Arrays;

class Solution {
    /** Rounds the measurements, sorts them, and returns the place of each; -0.0 comes before 0.0, and NaN last. */
    static int[] rank(double[] measurements) {
        double[] original = new double[measurements.length];
        for (int i = 0; i < original.length; i++) {
            original[i] = Math.rint(measurements[i] / 4);
            measurements[i] = original[i];
        }
        Arrays.sort(measurements);
        int[] places = new int[original.length];
        for (int i = 0; i < places.length; i++) {
            int place = Arrays.binarySearch(measurements, original[i]);
            while (place > 0 && Double.compare(measurements[place - 1], original[i]) == 0) {
                place--;
            }
            places[i] = place;
        }
        return places;
    }
}
