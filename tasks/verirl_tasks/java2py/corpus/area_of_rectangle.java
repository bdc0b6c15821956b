// method: area | level: 1 | tags: plain
class Solution {
    static long area(int width, int height) {
        return (long) width * height;
    }
}
