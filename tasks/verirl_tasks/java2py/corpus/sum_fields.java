// method: sumFields | level: 2 | tags: integer-parsing, overflow
class Solution {
    static int sumFields(String[] fields) {
        int sum = 0;
        for (String field : fields) {
            try {
                sum += Integer.parseInt(field.trim());
            } catch (NumberFormatException e) {
                sum -= 1;
            }
        }
        return sum;
    }
}
