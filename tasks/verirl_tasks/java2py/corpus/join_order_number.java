// method: orderNumber | level: 1 | tags: integer-parsing
class Solution {
    static int orderNumber(int shop, short counter) {
        try {
            return Integer.parseInt("" + shop + counter);
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
