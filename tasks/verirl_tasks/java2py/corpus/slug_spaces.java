// method: slug | level: 1 | tags: plain, string-methods
class Solution {
    static String slug(String title) {
        String dashed = title.replace(' ', '-');
        return dashed.replace("--", "-");
    }
}
