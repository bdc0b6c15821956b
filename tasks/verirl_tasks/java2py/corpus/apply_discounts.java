// method: applyDiscounts | level: 3 | tags: compound-assignment, collections
import java.util.ArrayList;
import java.util.List;

class Solution {
    static List<Integer> applyDiscounts(List<Integer> prices, int percent) {
        List<Integer> reduced = new ArrayList<>();
        for (int price : prices) {
            int cut = price;
            cut *= percent / 100.0;
            price -= cut;
            reduced.add(price);
        }
        return reduced;
    }
}
