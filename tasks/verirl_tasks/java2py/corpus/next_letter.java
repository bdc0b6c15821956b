// method: nextLetter | level: 1 | tags: char-arithmetic
class Solution {
    static char nextLetter(char letter) {
        return letter == 'z' ? 'a' : (char) (letter + 1);
    }
}
