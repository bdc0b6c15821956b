// method: compute | level: 4 | tags: narrowing, overflow, division, labelled-break
class Solution {
    private static final int ONE = 1 << 16;

    private static int multiply(int a, int b) {
        return (int) ((long) a * b >> 16);
    }

    private static int divide(int a, int b) {
        return (int) (((long) a << 16) / b);
    }

    private static int squareRoot(int value) {
        if (value < 0) {
            throw new ArithmeticException("root of " + value);
        }
        int guess = value > ONE ? value >> 1 : ONE;
        refine:
        for (int round = 0; round < 40; round++) {
            int next = (guess + divide(value, guess)) >> 1;
            for (int slack = -1; slack <= 1; slack++) {
                if (next == guess + slack) {
                    guess = next;
                    break refine;
                }
            }
            guess = next;
        }
        return guess;
    }

    private static int polynomial(int x, int[] coefficients) {
        int sum = 0;
        for (int i = coefficients.length - 1; i >= 0; i--) {
            sum = multiply(sum, x) + coefficients[i];
        }
        return sum;
    }

    static int compute(int x, int[] coefficients) {
        int value = polynomial(x, coefficients);
        int scaled = divide(value, x == 0 ? ONE : x);
        return scaled < 0 ? scaled / 3 : squareRoot(scaled);
    }
}
