// method: votesFor | level: 1 | tags: plain
class Solution {
    static int votesFor(boolean[] votes) {
        int yes = 0;
        for (boolean vote : votes) {
            if (vote) {
                yes++;
            }
        }
        return yes;
    }
}
