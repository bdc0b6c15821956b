// method: isOdd | level: 1 | tags: remainder
class Solution {
    static String isOdd(int ticket) {
        boolean odd = ticket % 2 == 1;
        return odd ? "odd" : "even";
    }
}
