// method: parseQuery | level: 2 | tags: split, map-order, collections
import java.util.LinkedHashMap;
import java.util.Map;

class Solution {
    static LinkedHashMap<String, String> parseQuery(String query) {
        LinkedHashMap<String, String> values = new LinkedHashMap<>();
        for (String pair : query.split("&")) {
            String[] parts = pair.split("=", 2);
            if (parts.length == 2) {
                values.put(parts[0], parts[1]);
            } else if (!pair.isEmpty()) {
                values.putIfAbsent(parts[0], "");
            }
        }
        return values;
    }
}
