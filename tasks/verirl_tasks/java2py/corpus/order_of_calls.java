// method: orderOfCalls | level: 3 | tags: evaluation-order, string-builder, classes
class Solution {
    private final StringBuilder log = new StringBuilder();
    private int counter;

    private int step(String name, int value) {
        log.append(name).append(counter++).append(' ');
        return value;
    }

    String orderOfCalls(int a, int b, boolean strict) {
        int before = counter + step("a", a) * (counter += 2) + counter;
        boolean both = step("b", b) > 0 & step("c", a) > 0;
        boolean either = a > b || step("d", 1) > 0;
        if (strict && !(both && either)) {
            counter = counter++ + step("e", 10);
        }
        return log.append(before).append(',').append(counter).toString();
    }
}
