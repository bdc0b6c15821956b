// method: digitalRoot | level: 2 | tags: recursion, remainder
class Solution {
    static int digitSum(long n) {
        if (n == 0) {
            return 0;
        }
        return (int) (n % 10) + digitSum(n / 10);
    }

    static int digitalRoot(long n) {
        int sum = digitSum(n);
        return sum < 10 && sum > -10 ? sum : digitalRoot(sum);
    }
}
