// method: naturalCompare | level: 3 | tags: integer-parsing, string-methods, exceptions
class Solution {
    private static int digits(String label) {
        int i = 0;
        while (i < label.length() && label.charAt(i) >= '0' && label.charAt(i) <= '9') {
            i++;
        }
        return i;
    }

    static int naturalCompare(String left, String right) {
        int a = digits(left);
        int b = digits(right);
        int x = a == 0 ? 0 : Integer.parseInt(left.substring(0, a));
        int y = b == 0 ? 0 : Integer.parseInt(right.substring(0, b));
        if (x != y) {
            return x < y ? -1 : 1;
        }
        return Integer.signum(left.substring(a).compareTo(right.substring(b)));
    }
}
