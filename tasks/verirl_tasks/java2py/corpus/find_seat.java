// method: findSeat | level: 1 | tags: plain
class Solution {
    static int findSeat(int[] seats, int passenger) {
        for (int i = 0; i < seats.length; i++) {
            if (seats[i] == passenger) {
                return i;
            }
        }
        return -1;
    }
}
