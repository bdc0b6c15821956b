// method: greet | level: 1 | tags: plain
class Solution {
    static String greet(String name) {
        return "Hello, " + name + "!";
    }
}
