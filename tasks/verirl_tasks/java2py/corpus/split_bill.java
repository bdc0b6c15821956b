// method: splitBill | level: 3 | tags: division, remainder, exceptions
class Solution {
    static long[] splitBill(long cents, boolean[] paying) {
        int people = 0;
        for (boolean pays : paying) {
            people += pays ? 1 : 0;
        }
        long share = cents / people;
        long left = cents % people;
        long[] shares = new long[paying.length];
        for (int i = 0; i < shares.length; i++) {
            if (!paying[i]) {
                continue;
            }
            shares[i] = share;
            if (left > 0) {
                shares[i]++;
                left--;
            } else if (left < 0) {
                shares[i]--;
                left++;
            }
        }
        return shares;
    }
}
