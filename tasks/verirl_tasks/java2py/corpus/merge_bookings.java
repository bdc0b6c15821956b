// method: mergeBookings | level: 4 | tags: aliasing, sorting, null-handling
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

class Solution {
    private static boolean valid(int[] booking) {
        return booking != null && booking.length >= 2;
    }

    private static void normalize(int[] booking) {
        if (booking[0] > booking[1]) {
            int swap = booking[0];
            booking[0] = booking[1];
            booking[1] = swap;
        }
    }

    /** Merges bookings that overlap; what comes back are the caller's own rows, widened. */
    static List<int[]> merge(int[][] bookings) {
        List<int[]> merged = new ArrayList<>();
        int[] last = null;
        for (int[] booking : bookings) {
            if (!valid(booking)) {
                continue;
            }
            if (last != null && booking[0] <= last[1]) {
                last[1] = Math.max(last[1], booking[1]);
                booking[0] = last[0];
            } else {
                last = booking;
                merged.add(last);
            }
        }
        return merged;
    }

    static int[][] mergeBookings(int[][] bookings) {
        if (bookings == null) {
            return new int[0][];
        }
        for (int[] booking : bookings) {
            if (valid(booking)) {
                normalize(booking);
            }
        }
        Arrays.sort(bookings, (a, b) -> {
            int first = valid(a) ? a[0] : Integer.MAX_VALUE;
            int second = valid(b) ? b[0] : Integer.MAX_VALUE;
            return Integer.compare(first, second);
        });
        int[][] result = merge(bookings).toArray(new int[0][]);
        if (result.length > 0) {
            result[result.length - 1][1] |= 1;
        }
        return result;
    }
}
