// method: postAndPre | level: 2 | tags: evaluation-order, overflow
class Solution {
    static int postAndPre(int n) {
        int i = n;
        int sum = i++ + ++i * 2;
        return sum - i;
    }
}
