// method: wordScore | level: 2 | tags: char-arithmetic, utf16-length
class Solution {
    static int wordScore(String word) {
        int score = 0;
        for (int i = 0; i < word.length(); i++) {
            score += word.charAt(i) - 'a' + 1;
        }
        return score;
    }
}
