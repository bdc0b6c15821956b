// method: inchLabel | level: 2 | tags: float-format
class Solution {
    static String inchLabel(int eighths) {
        return String.format("%.2f in", eighths / 8.0);
    }
}
