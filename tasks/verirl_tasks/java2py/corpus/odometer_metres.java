// method: odometerMetres | level: 2 | tags: float-format
class Solution {
    static String odometerMetres(int kilometres, boolean estimated) {
        double metres = kilometres * 1000.0;
        String mark = estimated ? "~" : "";
        return mark + metres + " m";
    }
}
