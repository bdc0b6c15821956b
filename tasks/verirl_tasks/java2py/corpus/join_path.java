// method: joinPath | level: 1 | tags: plain
class Solution {
    static String joinPath(String folder, String file) {
        return folder.endsWith("/") ? folder + file : folder + "/" + file;
    }
}
