// method: fillRow | level: 1 | tags: aliasing
class Solution {
    static void fillRow(boolean[] row, boolean value) {
        for (int i = 0; i < row.length; i++) {
            row[i] = value;
        }
    }
}
