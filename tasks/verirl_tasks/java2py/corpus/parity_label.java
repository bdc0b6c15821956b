// method: parity | level: 1 | tags: plain
class Solution {
    static String parity(int number) {
        return number % 2 == 0 ? "even" : "odd";
    }
}
