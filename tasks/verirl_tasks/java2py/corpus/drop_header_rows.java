// method: dropHeader | level: 2 | tags: aliasing, collections, exceptions
import java.util.List;

class Solution {
    /** Removes the first rows from the table itself; what is returned is how many are left. */
    static int dropHeader(List<String> table, int headerRows) {
        List<String> header = table.subList(0, Math.min(headerRows, table.size()));
        header.clear();
        return table.size();
    }
}
