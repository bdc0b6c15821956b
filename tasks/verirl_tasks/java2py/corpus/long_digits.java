// method: multiplyAll | level: 4 | tags: integer-parsing, narrowing, string-builder, exceptions, char-arithmetic
import java.util.List;

class Solution {
    private static final int LIMIT = 24;

    private static byte[] parse(String text) {
        String digits = text.startsWith("+") ? text.substring(1) : text;
        byte[] value = new byte[LIMIT];
        int used = 0;
        for (int i = digits.length() - 1; i >= 0 && used < LIMIT; i--) {
            char c = digits.charAt(i);
            if (c == '_') {
                continue;
            }
            value[used++] = (byte) (c >= '0' && c <= '9' ? c - '0' : c % 10);
        }
        return value;
    }

    private static byte[] multiply(byte[] a, byte[] b) {
        byte[] product = new byte[LIMIT];
        for (int i = 0; i < LIMIT; i++) {
            int carry = 0;
            for (int j = 0; i + j < LIMIT; j++) {
                int sum = a[i] * b[j] + product[i + j] + carry;
                product[i + j] = (byte) (sum % 10);
                carry = sum / 10;
            }
        }
        return product;
    }

    private static String show(byte[] value) {
        int top = value.length;
        while (top > 0 && value[top - 1] == 0) {
            top--;
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < top; i++) {
            out.append((char) ('0' + value[i]));
        }
        return top == 0 ? "0" : out.reverse().toString();
    }

    static long multiplyAll(List<String> factors, int scale) {
        byte[] product = parse("1");
        for (String factor : factors) {
            product = multiply(product, parse(factor));
        }
        String text = show(product);
        int cut = Math.min(text.length(), 10 + Math.abs(scale % 12));
        return Long.parseLong(text.substring(0, cut)) * scale;
    }
}
