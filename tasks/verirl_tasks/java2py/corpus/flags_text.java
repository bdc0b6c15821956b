// method: flagsText | level: 1 | tags: plain, string-builder
class Solution {
    static String flagsText(boolean read, boolean write, boolean run) {
        StringBuilder text = new StringBuilder();
        text.append(read ? 'r' : '-');
        text.append(write ? 'w' : '-');
        text.append(run ? 'x' : '-');
        return text.toString();
    }
}
