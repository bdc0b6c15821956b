// method: readLine | level: 4 | tags: string-builder, exceptions, string-methods
import java.util.ArrayList;
import java.util.List;

class Solution {
    enum State { START, PLAIN, QUOTED, AFTER_QUOTE }

    private State state = State.START;
    private final StringBuilder field = new StringBuilder();
    private final List<String> fields = new ArrayList<>();

    private void finish() {
        String value = field.toString();
        fields.add(state == State.PLAIN ? value.trim() : value);
        field.setLength(0);
        state = State.START;
    }

    private void accept(char c, char separator) {
        switch (state) {
            case QUOTED:
                if (c == '"') {
                    state = State.AFTER_QUOTE;
                } else {
                    field.append(c);
                }
                return;
            case AFTER_QUOTE:
                if (c == '"') {
                    field.append('"');
                    state = State.QUOTED;
                    return;
                }
                if (c != separator) {
                    throw new IllegalStateException("text after a quote: " + c);
                }
                break;
            case START:
                if (c == '"') {
                    state = State.QUOTED;
                    return;
                }
                break;
            default:
                break;
        }
        if (c == separator) {
            finish();
        } else {
            field.append(c);
            state = State.PLAIN;
        }
    }

    List<String> readLine(String line, boolean semicolons) {
        char separator = semicolons ? ';' : ',';
        for (int i = 0; i < line.length(); i++) {
            accept(line.charAt(i), separator);
        }
        if (state == State.QUOTED) {
            field.insert(0, "unclosed:");
        }
        finish();
        return fields;
    }
}
