// method: signWord | level: 1 | tags: plain
class Solution {
    static String signWord(long balance) {
        if (balance < 0) {
            return "negative";
        }
        if (balance == 0) {
            return "zero";
        }
        return "positive";
    }
}
