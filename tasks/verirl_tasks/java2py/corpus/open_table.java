// method: slots | level: 4 | tags: hashcode, remainder, abs-min, labelled-break, null-handling
class Solution {
    private static class Table {
        private final String[] keys;
        private final int[] counts;
        private int probes;

        Table(int capacity) {
            keys = new String[capacity];
            counts = new int[capacity];
        }

        boolean add(String key, int salt) {
            int start = Math.abs(key.hashCode() * 31 + salt) % keys.length;
            probe:
            for (int step = 0; step < keys.length; step++) {
                int slot = (start + step) % keys.length;
                probes++;
                if (keys[slot] == null) {
                    keys[slot] = key;
                    counts[slot] = 1;
                    return true;
                }
                if (keys[slot].length() != key.length()) {
                    continue;
                }
                for (int i = 0; i < key.length(); i++) {
                    if (keys[slot].charAt(i) != key.charAt(i)) {
                        continue probe;
                    }
                }
                counts[slot]++;
                return true;
            }
            return false;
        }
    }

    static String[] slots(String[] words, int salt) {
        Table table = new Table(7);
        int dropped = 0;
        for (String word : words) {
            if (!table.add(word, salt)) {
                dropped++;
            }
        }
        String[] layout = new String[8];
        for (int i = 0; i < 7; i++) {
            layout[i] = table.keys[i] == null ? "." : table.keys[i] + "=" + table.counts[i];
        }
        layout[7] = table.probes + "/" + dropped;
        return layout;
    }
}
