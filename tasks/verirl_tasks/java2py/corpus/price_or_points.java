// method: priceOrPoints | level: 3 | tags: ternary-promotion, null-handling, exceptions
import java.util.ArrayList;
import java.util.List;

class Solution {
    static List<String> priceOrPoints(Integer points, byte bonus, boolean paid) {
        List<String> lines = new ArrayList<>();
        Object shown = paid ? 0.5 : bonus;
        lines.add("shown " + shown);
        if (points == null) {
            lines.add("none");
            return lines;
        }
        Object sum = points > 100 ? points : Long.valueOf(bonus);
        lines.add(sum instanceof Long ? "long " + sum : "int " + sum);
        char rank = bonus > 10 ? 'A' : 66;
        lines.add("rank " + rank + (paid ? rank : 1) + (paid ? 'x' : 0));
        return lines;
    }
}
