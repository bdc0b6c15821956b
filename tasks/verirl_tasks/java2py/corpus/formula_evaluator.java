// method: evaluate | level: 4 | tags: recursion, exceptions, overflow, division, classes
class Solution {
    static class FormulaException extends RuntimeException {
        FormulaException(String message) {
            super(message);
        }
    }

    static class Parser {
        private final String text;
        private int at;
        private int depth;

        Parser(String text) {
            this.text = text;
        }

        private char peek() {
            while (at < text.length() && text.charAt(at) == ' ') {
                at++;
            }
            return at < text.length() ? text.charAt(at) : '\0';
        }

        int sum() {
            int value = product();
            while (peek() == '+' || peek() == '-') {
                char operator = text.charAt(at++);
                int right = product();
                value = operator == '+' ? value + right : value - right;
            }
            return value;
        }

        int product() {
            int value = atom();
            while (peek() == '*' || peek() == '/') {
                if (text.charAt(at++) == '*') {
                    value *= atom();
                } else {
                    value /= atom();
                }
            }
            return value;
        }

        int atom() {
            if (++depth > 40) {
                throw new FormulaException("too deep");
            }
            char c = peek();
            int value = 0;
            if (c == '-') {
                at++;
                value = -atom();
            } else if (c == '(') {
                at++;
                value = sum();
                if (peek() != ')') {
                    throw new FormulaException("missing )");
                }
                at++;
            } else if (c >= '0' && c <= '9') {
                while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
                    value = value * 10 + (text.charAt(at++) - '0');
                }
            } else {
                value = c;
                at++;
            }
            depth--;
            return value;
        }
    }

    static String evaluate(String formula) {
        Parser parser = new Parser(formula);
        try {
            int value = parser.sum();
            return parser.peek() == '\0' ? "= " + value : value + " rest";
        } catch (FormulaException e) {
            return "error: " + e.getMessage();
        }
    }
}
