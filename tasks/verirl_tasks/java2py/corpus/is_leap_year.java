// method: isLeapYear | level: 1 | tags: plain
class Solution {
    static boolean isLeapYear(int year) {
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    }
}
