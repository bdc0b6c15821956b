// method: ratingStars | level: 3 | tags: rounding, map-order
import java.util.LinkedHashMap;
import java.util.Map;

class Solution {
    static Map<Integer, Integer> ratingStars(double[] ratings) {
        Map<Integer, Integer> histogram = new LinkedHashMap<>();
        for (double rating : ratings) {
            int stars = (int) Math.round(rating);
            stars = Math.max(-5, Math.min(5, stars));
            Integer seen = histogram.get(stars);
            histogram.put(stars, seen == null ? 1 : seen + 1);
        }
        return histogram;
    }
}
