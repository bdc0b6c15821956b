// method: check | level: 3 | tags: exceptions, collections
import java.util.ArrayDeque;
import java.util.Deque;

class Solution {
    static int check(String source, boolean lenient) {
        Deque<Character> open = new ArrayDeque<>();
        int deepest = 0;
        for (char c : source.toCharArray()) {
            switch (c) {
                case '(', '[', '{':
                    open.push(c);
                    break;
                case ')', ']', '}':
                    char expected = c == ')' ? '(' : c == ']' ? '[' : '{';
                    if (lenient && open.isEmpty()) {
                        break;
                    }
                    if (open.pop() != expected) {
                        throw new IllegalStateException("does not match: " + c);
                    }
                    break;
                default:
                    continue;
            }
            deepest = Math.max(deepest, open.size());
        }
        return open.isEmpty() ? deepest : -open.size();
    }
}
