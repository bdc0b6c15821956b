// method: addTax | level: 2 | tags: compound-assignment
class Solution {
    static int addTax(int price, boolean reduced) {
        price *= reduced ? 1.05 : 1.2;
        return price;
    }
}
