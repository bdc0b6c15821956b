// method: fizzWord | level: 1 | tags: plain
class Solution {
    static String fizzWord(int n) {
        if (n % 15 == 0) {
            return "FizzBuzz";
        } else if (n % 3 == 0) {
            return "Fizz";
        } else if (n % 5 == 0) {
            return "Buzz";
        }
        return "" + n;
    }
}
