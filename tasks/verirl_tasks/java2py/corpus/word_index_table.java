// method: probe | level: 4 | tags: classes, hashcode, map-order, collections
import java.util.ArrayList;
import java.util.List;

class Solution {
    /** A hash table with chains, as one writes it in a course: it doubles when it is full. */
    static class Table {
        private static class Entry {
            final String word;
            int count;
            Entry next;

            Entry(String word, Entry next) {
                this.word = word;
                this.next = next;
                this.count = 1;
            }
        }

        private Entry[] buckets = new Entry[2];
        private int size;

        private int slot(String word) {
            return (word.hashCode() & 0x7fffffff) % buckets.length;
        }

        void add(String word) {
            for (Entry e = buckets[slot(word)]; e != null; e = e.next) {
                if (e.word.equals(word)) {
                    e.count++;
                    return;
                }
            }
            if (size == buckets.length) {
                grow();
            }
            int slot = slot(word);
            buckets[slot] = new Entry(word, buckets[slot]);
            size++;
        }

        private void grow() {
            Entry[] old = buckets;
            buckets = new Entry[old.length * 2];
            for (Entry chain : old) {
                while (chain != null) {
                    Entry next = chain.next;
                    int slot = slot(chain.word);
                    chain.next = buckets[slot];
                    buckets[slot] = chain;
                    chain = next;
                }
            }
        }
    }

    static List<String> probe(List<String> words) {
        Table table = new Table();
        for (String word : words) {
            table.add(word);
        }
        List<String> listing = new ArrayList<>();
        for (int i = 0; i < table.buckets.length; i++) {
            for (Table.Entry e = table.buckets[i]; e != null; e = e.next) {
                listing.add(i + ":" + e.word + "*" + e.count);
            }
        }
        return listing;
    }
}
