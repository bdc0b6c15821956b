// method: resolve | level: 4 | tags: recursion, null-handling, boxed-equality, exceptions
import java.util.ArrayList;
import java.util.List;

class Solution {
    static class CycleException extends RuntimeException {}

    private Integer[] memo;
    private boolean[] active;
    private int[] cells;
    private int calls;

    /** An even cell holds a number (half of it); an odd one adds what two other cells hold. */
    private Integer value(int cell) {
        if (memo[cell] != null) {
            return memo[cell];
        }
        calls++;
        int content = cells[cell];
        if (content % 2 == 0) {
            memo[cell] = content / 2;
            return memo[cell];
        }
        if (active[cell]) {
            throw new CycleException();
        }
        active[cell] = true;
        int left = Math.floorMod(content, cells.length);
        int right = Math.floorMod(content / 2, cells.length);
        try {
            memo[cell] = value(left) + value(right);
        } finally {
            active[cell] = false;
        }
        return memo[cell];
    }

    List<Integer> resolve(int[] sheet) {
        int size = Math.min(sheet.length, 12);
        cells = new int[size];
        System.arraycopy(sheet, 0, cells, 0, size);
        memo = new Integer[size];
        active = new boolean[size];
        List<Integer> values = new ArrayList<>();
        Integer previous = null;
        int unchanged = 0;
        for (int i = 0; i < size; i++) {
            Integer found;
            try {
                found = value(i);
            } catch (CycleException e) {
                found = null;
            }
            if (found == previous) {
                unchanged++;
            }
            values.add(found);
            previous = found;
        }
        values.add(unchanged);
        values.add(calls);
        return values;
    }
}
