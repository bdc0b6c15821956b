// method: shelfCode | level: 1 | tags: hashcode
class Solution {
    static String shelfCode(String title) {
        return "S" + title.hashCode();
    }
}
