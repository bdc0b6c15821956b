// method: nearestDollar | level: 2 | tags: rounding
class Solution {
    static double nearestDollar(int quarters, boolean up) {
        double dollars = quarters / 4.0;
        return up ? Math.ceil(dollars) : Math.rint(dollars);
    }
}
