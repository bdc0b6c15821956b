// method: codes | level: 3 | tags: map-order, hashcode, utf16-length
import java.util.HashSet;
import java.util.List;
import java.util.Set;

class Solution {
    /** Up to a dozen two-letter codes, in the order in which the set lists them. */
    static String codes(List<String> countries) {
        Set<String> seen = new HashSet<>();
        for (String country : countries) {
            if (seen.size() == 12) {
                break;
            }
            if (country.length() >= 2) {
                seen.add(country.substring(0, 2).toUpperCase());
            }
        }
        return String.join(",", seen);
    }
}
