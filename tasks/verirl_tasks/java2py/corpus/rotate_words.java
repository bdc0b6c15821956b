// method: rotateAll | level: 3 | tags: shift, unsigned-shift, aliasing
class Solution {
    private static int rotate(int value, int distance) {
        return (value << distance) | (value >>> (32 - distance));
    }

    static void rotateAll(int[] words, int distance) {
        for (int i = 0; i < words.length; i++) {
            words[i] = rotate(words[i], distance + i);
        }
    }
}
