// method: csvRow | level: 3 | tags: float-format, string-builder
class Solution {
    static String csvRow(int[] counts) {
        StringBuilder row = new StringBuilder();
        double total = 0;
        for (int count : counts) {
            total += count;
            row.append(count / 8.0).append(';');
        }
        row.append(total).append(';').append(total > 0).append(';').append(total == 0 ? 1 : 1 / total > 1e-3);
        return row.toString();
    }
}
