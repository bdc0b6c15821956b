// method: describeDay | level: 4 | tags: division, remainder, narrowing, classes
class Solution {
    static final class Day {
        final int year;
        final int month;
        final int day;

        Day(int year, int month, int day) {
            this.year = year;
            this.month = month;
            this.day = day;
        }

        boolean leap() {
            return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        }

        @Override
        public String toString() {
            return year + "-" + pad(month) + "-" + pad(day) + (leap() ? "*" : "");
        }

        private static String pad(int n) {
            return n < 10 ? "0" + n : "" + n;
        }
    }

    private static Day fromEpoch(int days) {
        int z = days + 719468;
        int era = (z >= 0 ? z : z - 146096) / 146097;
        int ofEra = z - era * 146097;
        int yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146096) / 365;
        int dayOfYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        int shifted = (5 * dayOfYear + 2) / 153;
        int day = dayOfYear - (153 * shifted + 2) / 5 + 1;
        int month = shifted < 10 ? shifted + 3 : shifted - 9;
        int year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
        return new Day(year, month, day);
    }

    static String describeDay(long seconds, int zoneHours) {
        int days = (int) (seconds / 86400);
        int rest = (int) (seconds % 86400) + zoneHours % 24 * 3600;
        if (rest < 0) {
            days--;
            rest += 86400;
        }
        Day day = fromEpoch(days);
        int weekday = (days + 4) % 7;
        return day + " d" + weekday + " h" + rest / 3600 + ":" + rest % 3600 / 60;
    }
}
