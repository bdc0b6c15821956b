// method: shout | level: 1 | tags: string-methods
class Solution {
    static String shout(String message) {
        return message.toUpperCase().concat("!");
    }
}
