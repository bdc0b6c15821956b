// method: isJavaFile | level: 1 | tags: plain
class Solution {
    static boolean isJavaFile(String fileName) {
        return fileName.endsWith(".java");
    }
}
