// method: describeElement | level: 2 | tags: exceptions, collections
import java.util.List;

class Solution {
    static String describeElement(List<Integer> values, int index, int divisor) {
        try {
            int value = values.get(index);
            return "quotient " + value / divisor;
        } catch (IndexOutOfBoundsException e) {
            return "no element " + index;
        } catch (ArithmeticException e) {
            return "division by zero";
        }
    }
}
