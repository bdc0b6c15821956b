// method: stepChar | level: 2 | tags: compound-assignment, char-arithmetic
class Solution {
    static String stepChar(char start, int step) {
        String line = "";
        char c = start;
        for (int i = 0; i < 5; i++) {
            line += c;
            c += step;
        }
        return line;
    }
}
