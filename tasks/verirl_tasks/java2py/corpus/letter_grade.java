// method: letterGrade | level: 1 | tags: plain
class Solution {
    static char letterGrade(int score) {
        if (score >= 90) return 'A';
        if (score >= 80) return 'B';
        if (score >= 70) return 'C';
        return 'F';
    }
}
