// method: canCheckout | level: 1 | tags: plain
class Solution {
    static boolean canCheckout(boolean loggedIn, int items, boolean blocked) {
        return loggedIn && items > 0 && !blocked;
    }
}
