// method: spell | level: 4 | tags: recursion, string-builder, abs-min, division
class Solution {
    private static final String[] SMALL = {
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"
    };
    private static final String[] TENS = {
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"
    };

    private static StringBuilder below(StringBuilder words, int n) {
        if (n < 20) {
            return words.append(SMALL[n]);
        }
        if (n < 100) {
            words.append(TENS[n / 10 - 2]);
            return n % 10 == 0 ? words : below(words.append('-'), n % 10);
        }
        if (n < 1000) {
            below(words, n / 100).append(" hundred");
            return n % 100 == 0 ? words : below(words.append(" and "), n % 100);
        }
        String[] names = {"thousand", "million", "billion"};
        int unit = 1000;
        int name = 0;
        while (n / unit >= 1000) {
            unit *= 1000;
            name++;
        }
        below(words, n / unit).append(' ').append(names[name]);
        int rest = n % unit;
        if (rest == 0) {
            return words;
        }
        words.append(rest < 100 ? " and " : ", ");
        return below(words, rest);
    }

    static String spell(int number, boolean capital) {
        StringBuilder words = new StringBuilder();
        if (number < 0) {
            words.append("minus ");
        }
        below(words, Math.abs(number));
        if (capital) {
            words.setCharAt(0, (char) (words.charAt(0) - 'a' + 'A'));
        }
        return words.toString();
    }
}
