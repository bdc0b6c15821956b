// method: greet | level: 1 | tags: plain
class Solution {
    static String greet(String name, boolean formal) {
        if (name.isEmpty()) {
            return "Hello, stranger!";
        }
        if (formal) {
            return "Good day, " + name + ".";
        }
        return "Hi " + name + "!";
    }
}
