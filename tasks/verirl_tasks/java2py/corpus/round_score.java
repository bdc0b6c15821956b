// method: roundScore | level: 1 | tags: rounding
class Solution {
    static long roundScore(double score) {
        return Math.round(score);
    }
}
