// method: seatDigit | level: 2 | tags: char-arithmetic, exceptions
class Solution {
    static int seatDigit(char row, char column) {
        int seat = (row - 'A') * 10 + (column - '0');
        if (seat < 0) {
            throw new IllegalArgumentException("no seat " + row + column);
        }
        return seat;
    }
}
