// method: quote | level: 4 | tags: ternary-promotion, float-format, integer-parsing, overflow
class Solution {
    private int cursor;
    private final StringBuilder trace = new StringBuilder();

    private static int digit(char c) {
        return c >= '0' && c <= '9' ? c - '0' : -1;
    }

    private int number(String text) {
        int value = 0;
        while (cursor < text.length() && digit(text.charAt(cursor)) >= 0) {
            value = value * 10 + digit(text.charAt(cursor++));
        }
        return value;
    }

    private String price(int amount, boolean perUnit) {
        Number shown = perUnit ? amount / 4.0 : amount;
        char currency = amount < 0 ? 'c' : 36;
        return currency + "" + shown;
    }

    private Object mark(int index, boolean last) {
        return last ? index : Character.valueOf('m');
    }

    String quote(String tariff, boolean perUnit) {
        int items = 0;
        int total = 0;
        while (cursor < tariff.length() && items < 20) {
            int start = cursor;
            int amount = number(tariff);
            if (cursor == start) {
                total += tariff.charAt(cursor++) == '-' ? -number(tariff) : 1;
            } else {
                total = total * 2 + amount;
            }
            items++;
            trace.append(mark(items, cursor >= tariff.length()));
        }
        return price(total, perUnit) + " " + trace + " " + (items > 3 ? items : 0.5f);
    }
}
