// method: compareVersions | level: 3 | tags: split, integer-parsing, exceptions
class Solution {
    /** The number of a part; -1 where it is none. */
    private static int part(String[] parts, int index) {
        if (index >= parts.length) {
            return 0;
        }
        try {
            return Integer.parseInt(parts[index]);
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    static int compareVersions(String left, String right) {
        String[] a = left.split("\\.");
        String[] b = right.split("\\.");
        int longest = Math.max(a.length, b.length);
        for (int i = 0; i < longest; i++) {
            int order = Integer.compare(part(a, i), part(b, i));
            if (order != 0) {
                return order * (i + 1);
            }
        }
        return a.length - b.length == 0 ? 0 : 100;
    }
}
