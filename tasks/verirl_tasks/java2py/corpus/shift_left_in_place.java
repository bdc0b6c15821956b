// method: shiftLeft | level: 2 | tags: evaluation-order, aliasing
class Solution {
    static int shiftLeft(int[] queue) {
        int i = 0;
        while (i < queue.length - 1) {
            queue[i++] = queue[i];
        }
        return i;
    }
}
