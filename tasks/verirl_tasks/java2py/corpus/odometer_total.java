// method: odometerTotal | level: 2 | tags: compound-assignment
class Solution {
    static short odometerTotal(int[] trips) {
        short total = 0;
        for (int trip : trips) {
            if (trip > 0) {
                total += trip;
            }
        }
        return total;
    }
}
