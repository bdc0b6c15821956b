// method: compareLabels | level: 2 | tags: string-methods, utf16-length
class Solution {
    static int compareLabels(String a, String b) {
        int byText = a.compareTo(b);
        if (byText == 0) {
            return 0;
        }
        return a.startsWith(b) || b.startsWith(a) ? a.length() - b.length() : byText;
    }
}
