// method: weekdayAfter | level: 3 | tags: remainder, overflow
class Solution {
    private static final String[] DAYS = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

    static String weekdayAfter(String day, int days) {
        int start = -1;
        for (int i = 0; i < DAYS.length; i++) {
            if (DAYS[i].equals(day)) {
                start = i;
            }
        }
        int index = (start + days) % 7;
        return index < 0 ? "before " + DAYS[-index] + " (" + index + ")" : DAYS[index];
    }
}
