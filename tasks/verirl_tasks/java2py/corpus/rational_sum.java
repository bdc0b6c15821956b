// method: sumFractions | level: 4 | tags: overflow, division, classes, recursion, exceptions
class Solution {
    private static int gcd(int a, int b) {
        return b == 0 ? Math.abs(a) : gcd(b, a % b);
    }

    private static class Fraction implements Comparable<Fraction> {
        private final int top;
        private final int bottom;

        Fraction(int top, int bottom) {
            if (bottom == 0) {
                throw new ArithmeticException("zero denominator");
            }
            int common = gcd(top, bottom);
            int sign = bottom < 0 ? -1 : 1;
            this.top = sign * top / common;
            this.bottom = sign * bottom / common;
        }

        Fraction plus(Fraction other) {
            return new Fraction(top * other.bottom + other.top * bottom, bottom * other.bottom);
        }

        @Override
        public int compareTo(Fraction other) {
            return top * other.bottom - other.top * bottom;
        }

        @Override
        public String toString() {
            return bottom == 1 ? "" + top : top + "/" + bottom;
        }
    }

    static String sumFractions(int[] tops, int[] bottoms) {
        Fraction sum = new Fraction(0, 1);
        Fraction largest = sum;
        int n = Math.min(tops.length, bottoms.length);
        for (int i = 0; i < n; i++) {
            Fraction term = new Fraction(tops[i], bottoms[i]);
            sum = sum.plus(term);
            if (term.compareTo(largest) > 0) {
                largest = term;
            }
        }
        return sum + " max " + largest + " whole " + sum.top / sum.bottom;
    }
}
