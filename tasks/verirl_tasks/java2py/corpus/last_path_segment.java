// method: lastSegment | level: 2 | tags: split, exceptions
class Solution {
    static String lastSegment(String path) {
        String[] segments = path.split("/");
        return segments[segments.length - 1];
    }
}
