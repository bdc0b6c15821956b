// method: rollingChecksum | level: 2 | tags: overflow
class Solution {
    static int rollingChecksum(int[] blocks) {
        int sum = 17;
        for (int block : blocks) {
            sum = sum * 31 + block;
        }
        return sum;
    }
}
