// method: pageCount | level: 2 | tags: overflow, division, exceptions
class Solution {
    static int pageCount(int items, int pageSize) {
        if (items == 0) {
            return 1;
        }
        return (items + pageSize - 1) / pageSize;
    }
}
