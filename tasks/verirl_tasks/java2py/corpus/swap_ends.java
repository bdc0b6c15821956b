// method: swapEnds | level: 1 | tags: plain, aliasing
class Solution {
    static void swapEnds(int[] values) {
        if (values.length < 2) {
            return;
        }
        int first = values[0];
        values[0] = values[values.length - 1];
        values[values.length - 1] = first;
    }
}
