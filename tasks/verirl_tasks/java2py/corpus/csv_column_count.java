// method: columnCount | level: 2 | tags: split
class Solution {
    /** The number of columns of a line, as the import screen shows it. */
    static int columnCount(String line, boolean tabs) {
        if (tabs) {
            return line.split("\t").length;
        }
        return line.split(",").length;
    }
}
