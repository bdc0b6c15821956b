// method: stars | level: 1 | tags: exceptions
class Solution {
    static String stars(int rating) {
        return "*".repeat(Math.min(rating, 5));
    }
}
