// method: execute | level: 4 | tags: overflow, division, remainder, fall-through, exceptions, collections
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

class Solution {
    private final Deque<Integer> stack = new ArrayDeque<>();
    private int faults;

    private int pop() {
        if (stack.isEmpty()) {
            faults++;
            return faults + 1;
        }
        return stack.pop();
    }

    private void apply(int opcode) {
        int right;
        switch (opcode & 7) {
            case 5:
                stack.push(pop() * pop());
                break;
            case 6:
                right = pop();
                stack.push(pop() / right);
                break;
            case 4:
                right = pop();
                stack.push(pop() % right);
                break;
            case 3:
                stack.push(-pop());
            case 2:
                stack.push(pop() + pop());
                break;
            default:
                stack.push(opcode);
        }
    }

    List<Integer> execute(int[] program) {
        for (int instruction : program) {
            apply(instruction);
        }
        if (faults > 6) {
            throw new IllegalStateException("stack underflow: " + faults);
        }
        return new ArrayList<>(stack);
    }
}
