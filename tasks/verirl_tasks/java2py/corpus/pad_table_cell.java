// method: padCell | level: 2 | tags: utf16-length, string-builder
class Solution {
    static String padCell(String value, int width) {
        int target = Math.min(width, 60);
        StringBuilder cell = new StringBuilder(value);
        boolean left = false;
        while (cell.length() < target) {
            if (left) {
                cell.insert(0, ' ');
            } else {
                cell.append(' ');
            }
            left = !left;
        }
        return cell.toString();
    }
}
