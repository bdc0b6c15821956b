// method: middleSeat | level: 1 | tags: division
class Solution {
    static int middleSeat(short first, short last) {
        return (first + last) / 2;
    }
}
