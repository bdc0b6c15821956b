// method: invoiceLine | level: 3 | tags: float-format, string-methods, utf16-length
class Solution {
    static String invoiceLine(String item, int milliEuros, byte quantity) {
        String name = item.length() > 8 ? item.substring(0, 8) : item;
        double price = milliEuros / 1000.0;
        return String.format("%s x%d @ %.2f = %.1f", name, quantity, price, price * quantity);
    }
}
