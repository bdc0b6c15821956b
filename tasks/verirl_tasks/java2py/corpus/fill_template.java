// method: fill | level: 4 | tags: string-methods, null-handling, exceptions, string-builder
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

class Solution {
    private final List<String> problems = new ArrayList<>();

    private String modify(String value, String modifier) {
        switch (modifier.toLowerCase()) {
            case "upper":
                return value.toUpperCase();
            case "trim":
                return value.trim();
            case "first":
                return value.substring(0, 1);
            case "quote":
                return '"' + value.replace("\"", "\\\"") + '"';
            default:
                problems.add(modifier);
                return value;
        }
    }

    private String lookup(Map<String, String> values, String name) {
        int colon = name.indexOf(':');
        String key = colon >= 0 ? name.substring(0, colon) : name;
        String value = values.get(key);
        if (value == null && key.isBlank()) {
            value = String.valueOf((Object) null);
        }
        if (value == null) {
            problems.add(key);
            return "";
        }
        while (colon >= 0) {
            int end = name.indexOf(':', colon + 1);
            String modifier = end < 0 ? name.substring(colon + 1) : name.substring(colon + 1, end);
            value = modify(value, modifier);
            colon = end;
        }
        return value;
    }

    /** Replaces {name} and {name:modifier:...}; the problems come behind a bar. */
    String fill(String template, Map<String, String> values) {
        StringBuilder out = new StringBuilder();
        int from = 0;
        while (true) {
            int open = template.indexOf('{', from);
            if (open < 0) {
                break;
            }
            int close = template.indexOf('}', open);
            out.append(template, from, open);
            if (close < 0) {
                throw new IllegalArgumentException("not closed: " + template.substring(open));
            }
            out.append(lookup(values, template.substring(open + 1, close)));
            from = close + 1;
        }
        out.append(template.substring(from));
        return problems.isEmpty() ? out.toString() : out + "|" + String.join(",", problems);
    }
}
