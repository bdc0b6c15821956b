// method: topBits | level: 2 | tags: unsigned-shift, narrowing
class Solution {
    static int topBits(long id) {
        int high = (int) (id >>> 40);
        int low = (int) id;
        return high ^ low ^ low >>> 28;
    }
}
