// method: rateText | level: 2 | tags: ternary-promotion, float-format
class Solution {
    static String rateText(short base, boolean premium) {
        Object rate = premium ? base * 1.5 : base;
        return rate.toString();
    }
}
