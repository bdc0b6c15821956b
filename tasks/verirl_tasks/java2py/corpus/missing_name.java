// method: missingName | level: 1 | tags: plain
class Solution {
    static boolean missingName(String first, String last) {
        return first.isEmpty() || last.isEmpty();
    }
}
