// method: compact | level: 3 | tags: evaluation-order, aliasing, exceptions
class Solution {
    static int compact(int[] data) {
        int i = 0;
        int sum = 0;
        while (i < data.length - 1) {
            sum = sum * 3 + (data[i] = i++ % 2 == 0 ? data[i] : -data[i - 1]);
        }
        data[data.length - 1] += sum;
        return sum;
    }
}
