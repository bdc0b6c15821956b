// method: lastDigit | level: 1 | tags: remainder
class Solution {
    static int lastDigit(long number) {
        return (int) (number % 10);
    }
}
