// method: seatsOrMark | level: 2 | tags: ternary-promotion
class Solution {
    static String seatsOrMark(int seats, boolean known) {
        return "seats: " + (known ? seats : '?');
    }
}
