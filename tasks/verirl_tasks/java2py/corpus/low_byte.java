// method: lowByte | level: 1 | tags: narrowing
class Solution {
    static byte lowByte(int word) {
        return (byte) word;
    }
}
