// method: commonColumns | level: 3 | tags: labelled-break, exceptions, utf16-length
class Solution {
    static int commonColumns(String[] rows) {
        int column = 0;
        scan:
        while (true) {
            char wanted = 0;
            for (int r = 0; r < rows.length; r++) {
                if (column >= rows[r].length()) {
                    break scan;
                }
                char c = rows[r].charAt(column);
                if (r == 0) {
                    wanted = c;
                } else if (c != wanted) {
                    break scan;
                }
            }
            if (rows.length == 0) {
                throw new IllegalArgumentException("no rows");
            }
            column++;
        }
        return column;
    }
}
