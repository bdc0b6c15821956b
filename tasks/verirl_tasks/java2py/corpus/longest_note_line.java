// method: longestLine | level: 2 | tags: split, utf16-length
class Solution {
    static int longestLine(String note) {
        int longest = 0;
        String[] lines = note.split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            int width = lines[i].length();
            if (i < lines.length - 1) {
                width++;
            }
            longest = Math.max(longest, width);
        }
        return longest;
    }
}
