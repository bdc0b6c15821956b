// method: seatCode | level: 2 | tags: string-builder, char-arithmetic
class Solution {
    static String seatCode(char row, int seat) {
        StringBuilder code = new StringBuilder();
        code.append(row);
        code.append('-');
        code.append(row + 1);
        code.append((char) (row + 1));
        if (seat > 0) {
            code.append(seat).reverse();
        } else {
            code.setLength(2);
        }
        return code.toString();
    }
}
