// method: addThree | level: 1 | tags: plain
class Solution {
    static int addThree(byte a) {
        return a + 3;
    }
}
