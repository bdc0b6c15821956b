// method: distanceToZero | level: 1 | tags: abs-min
class Solution {
    static int distanceToZero(int position) {
        return Math.abs(position);
    }
}
