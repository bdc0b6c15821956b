// method: describe | level: 4 | tags: classes, recursion, overflow, string-builder
import java.util.function.IntBinaryOperator;

class Solution {
    sealed interface Expr permits Num, Neg, Bin {
        int eval();
    }

    record Num(int value) implements Expr {
        public int eval() {
            return value;
        }
    }

    record Neg(Expr inner) implements Expr {
        public int eval() {
            return -inner.eval();
        }

        @Override
        public String toString() {
            return "-(" + inner + ")";
        }
    }

    record Bin(char sign, Expr left, Expr right) implements Expr {
        public int eval() {
            IntBinaryOperator operator = switch (sign) {
                case '+' -> Math::addExact;
                case '*' -> (a, b) -> a * b;
                default -> Integer::compare;
            };
            return operator.applyAsInt(left.eval(), right.eval());
        }
    }

    static class Reader {
        private final int[] codes;
        private int next;

        Reader(int[] codes) {
            this.codes = codes;
        }

        /** Prefix order: a multiple of 5 negates, of 3 adds, of 7 multiplies, of 11 compares; others are numbers. */
        Expr read(int depth) {
            if (next >= codes.length || depth > 6) {
                return new Num(depth);
            }
            int code = codes[next++];
            if (code % 5 == 0) {
                return new Neg(read(depth + 1));
            }
            char sign = code % 3 == 0 ? '+' : code % 7 == 0 ? '*' : code % 11 == 0 ? '?' : ' ';
            if (sign != ' ') {
                Expr left = read(depth + 1);
                return new Bin(sign, left, read(depth + 1));
            }
            return new Num(code);
        }
    }

    static String describe(int[] codes) {
        Expr expr = new Reader(codes).read(0);
        Expr again = new Reader(codes).read(0);
        StringBuilder text = new StringBuilder(expr.toString());
        try {
            text.append(" = ").append(expr.eval());
        } catch (ArithmeticException e) {
            text.append("overflow");
        }
        return text.append(expr.equals(again) ? " same" : " other").toString();
    }
}
