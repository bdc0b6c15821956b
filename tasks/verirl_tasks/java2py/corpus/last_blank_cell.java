// method: lastBlankCell | level: 1 | tags: plain
class Solution {
    static int lastBlankCell(String[] cells) {
        int i = cells.length - 1;
        while (i >= 0 && !cells[i].isEmpty()) {
            i--;
        }
        return i;
    }
}
