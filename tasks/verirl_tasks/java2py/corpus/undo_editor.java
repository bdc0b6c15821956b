// method: edit | level: 4 | tags: string-builder, exceptions, utf16-length, collections
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

class Solution {
    private final StringBuilder text = new StringBuilder();
    private final Deque<String> undo = new ArrayDeque<>();
    private int cursor;

    private void remember() {
        undo.push(text.toString());
        if (undo.size() > 8) {
            undo.removeLast();
        }
    }

    private void apply(String command) {
        switch (command.charAt(0)) {
            case '<':
                cursor = Math.max(0, cursor - 1);
                break;
            case '>':
                cursor = Math.min(text.length(), cursor + 1);
                break;
            case '-':
                remember();
                text.deleteCharAt(cursor);
                break;
            case '~':
                remember();
                text.replace(0, cursor, text.substring(0, cursor).toUpperCase());
                break;
            case 'u':
                String before = undo.pop();
                text.setLength(0);
                text.append(before);
                cursor = Math.min(cursor, text.length());
                break;
            default:
                remember();
                text.insert(cursor, command);
                cursor += command.length();
        }
    }

    /** The text after the commands, with the cursor in it; a command that fails is skipped, and counted. */
    String edit(List<String> commands) {
        int failures = 0;
        for (String command : commands) {
            try {
                apply(command);
            } catch (IndexOutOfBoundsException e) {
                failures++;
            } catch (RuntimeException e) {
                failures += 100;
            }
        }
        text.insert(cursor, '|');
        return failures > 0 ? failures + " failed: " + text : text.toString();
    }
}
