// method: columnName | level: 3 | tags: char-arithmetic, division, remainder
class Solution {
    static String columnName(int number) {
        if (number == 0) {
            return "?";
        }
        String name = "";
        while (number != 0) {
            int digit = (number - 1) % 26;
            name = (char) ('A' + digit) + name;
            number = (number - 1) / 26;
        }
        return name;
    }
}
