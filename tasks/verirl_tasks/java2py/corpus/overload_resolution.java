// method: tags | level: 3 | tags: classes, char-arithmetic, boxed-equality
class Solution {
    static String tag(int value) {
        return "int:" + value;
    }

    static String tag(long value) {
        return "long:" + value;
    }

    static String tag(Object value) {
        return "object:" + value;
    }

    static String tag(char value) {
        return "char:" + value;
    }

    static String tags(char letter, short count, int size, Long total) {
        Object boxed = size;
        String first = tag(letter) + tag(letter + count);
        String second = tag(count) + tag((long) size * 2) + tag(boxed);
        return first + "|" + second + "|" + tag(total) + "|" + boxed.equals(total);
    }
}
