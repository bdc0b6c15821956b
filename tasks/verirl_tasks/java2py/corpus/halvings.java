// method: halvings | level: 1 | tags: recursion
class Solution {
    static int halvings(int n) {
        if (n <= 1) {
            return 0;
        }
        return 1 + halvings(n / 2);
    }
}
