// method: durationSeconds | level: 3 | tags: integer-parsing, overflow, fall-through
class Solution {
    static long durationSeconds(String text) {
        int number = 0;
        boolean counted = false;
        long total = 0;
        for (char c : text.toCharArray()) {
            if (c >= '0' && c <= '9') {
                number = number * 10 + (c - '0');
                counted = true;
                continue;
            }
            if (!counted) {
                number = 1;
            }
            switch (c) {
                case 'd':
                    number *= 24;
                case 'h':
                    number *= 60;
                case 'm':
                    number *= 60;
                case 's':
                    total += number;
                    break;
                default:
                    break;
            }
            number = 0;
            counted = false;
        }
        return counted ? total + number : total;
    }
}
