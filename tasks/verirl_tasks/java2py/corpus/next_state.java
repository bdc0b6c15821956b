// method: run | level: 3 | tags: fall-through, utf16-length
class Solution {
    static int run(String program) {
        int acc = 0;
        int steps = 0;
        for (int i = 0; i < program.length() && steps < 200; i++, steps++) {
            switch (program.charAt(i)) {
                default:
                    acc--;
                    break;
                case 'u':
                    acc += 10;
                case 'i':
                    acc++;
                case ' ':
                    break;
                case 'x':
                    acc = 0;
                case 'y':
                    return acc + i;
            }
        }
        return acc;
    }
}
