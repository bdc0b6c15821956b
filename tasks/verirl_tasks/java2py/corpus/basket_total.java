// method: total | level: 1 | tags: plain
class Solution {
    static long total(int[] prices, int shipping) {
        long sum = shipping;
        for (int price : prices) {
            sum += price;
        }
        return sum;
    }
}
