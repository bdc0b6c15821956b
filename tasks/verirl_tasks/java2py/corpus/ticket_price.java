// method: ticketPrice | level: 1 | tags: plain
class Solution {
    static int ticketPrice(int age, boolean weekend) {
        int price;
        if (age < 6) {
            price = 0;
        } else if (age < 18) {
            price = 5;
        } else if (age < 65) {
            price = 12;
        } else {
            price = 8;
        }
        if (weekend && price > 0) {
            price = price + 2;
        }
        return price;
    }
}
