// method: rewriteDates | level: 3 | tags: string-methods
class Solution {
    static String rewriteDates(String text) {
        String dotted = text.replaceAll("(\\d{4})-(\\d{1,2})-(\\d{1,2})", "$3.$2.$1");
        if (dotted.matches("[\\w. ]*")) {
            return dotted.replaceFirst("^\\s+", "");
        }
        return dotted.replaceAll("(^|\\D)0(\\d)", "$1$2").replaceAll("[.]$", "");
    }
}
