// method: summary | level: 3 | tags: map-order, classes, exceptions
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

class Solution {
    enum Severity {
        ERROR, WARNING, INFO;

        static Severity parse(String word) {
            if (word.startsWith("W")) {
                return WARNING;
            }
            if (word.isEmpty()) {
                return INFO;
            }
            return word.length() < 3 ? ERROR : valueOf(word);
        }
    }

    static String summary(List<String> entries) {
        Map<Severity, Integer> counts = new EnumMap<>(Severity.class);
        int unknown = 0;
        for (String entry : entries) {
            try {
                counts.merge(Severity.parse(entry), 1, Integer::sum);
            } catch (IllegalArgumentException e) {
                unknown++;
            }
        }
        return counts + " " + unknown;
    }
}
