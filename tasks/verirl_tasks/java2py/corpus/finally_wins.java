// method: closeAll | level: 2 | tags: exceptions, string-builder
class Solution {
    static int attempts(int[] data, int from, StringBuilder log) {
        try {
            log.append("open ");
            return data[from];
        } catch (ArrayIndexOutOfBoundsException e) {
            log.append("missing ");
            return -1;
        } finally {
            log.append("close ");
        }
    }

    static String closeAll(int[] data, int first, int second) {
        StringBuilder log = new StringBuilder();
        int sum = 0;
        if (attempts(data, first, log) == attempts(data, second, log)) {
            sum = 1;
        }
        return log.append(sum).toString();
    }
}
