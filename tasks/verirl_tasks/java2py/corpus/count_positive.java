// method: countPositive | level: 1 | tags: plain
class Solution {
    static int countPositive(int[] readings) {
        int count = 0;
        for (int i = 0; i < readings.length; i++) {
            if (readings[i] > 0) {
                count++;
            }
        }
        return count;
    }
}
