// method: sortBids | level: 3 | tags: sorting, overflow
import java.util.Comparator;

class Solution {
    static final Comparator<Integer> ASCENDING = (a, b) -> a - b;

    static void sortBids(int[] bids) {
        int limit = Math.min(bids.length, 200);
        for (int i = 1; i < limit; i++) {
            int bid = bids[i];
            int slot = i;
            while (slot > 0 && ASCENDING.compare(bids[slot - 1], bid) > 0) {
                bids[slot] = bids[slot - 1];
                slot--;
            }
            bids[slot] = bid;
        }
    }
}
