// method: quarterLabel | level: 1 | tags: float-format
class Solution {
    static String quarterLabel(int quarters) {
        return "$" + quarters / 4.0;
    }
}
