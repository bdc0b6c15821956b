// method: fingerprint | level: 4 | tags: overflow, unsigned-shift, utf16-length, fall-through
class Solution {
    private static int scramble(int k) {
        k *= 0xcc9e2d51;
        k = Integer.rotateLeft(k, 15);
        return k * 0x1b873593;
    }

    private static int finish(int h, int length) {
        h ^= length;
        h ^= h >>> 16;
        h *= 0x85ebca6b;
        h ^= h >>> 13;
        h *= 0xc2b2ae35;
        return h ^ h >>> 16;
    }

    private static int tail(String text, int at) {
        int k = 0;
        switch (text.length() - at) {
            case 3:
                k ^= text.charAt(at + 2) << 16;
            case 2:
                k ^= text.charAt(at + 1) << 8;
            case 1:
                k ^= text.charAt(at);
                return scramble(k);
            default:
                return 0;
        }
    }

    static int fingerprint(String text, int seed) {
        int h = seed;
        int at = 0;
        while (text.length() - at >= 4) {
            int k = 0;
            for (int i = 0; i < 4; i++) {
                k = k << 8 ^ text.charAt(at + i);
            }
            h ^= scramble(k);
            h = Integer.rotateLeft(h, 13) * 5 + 0xe6546b64;
            at += 4;
        }
        h ^= tail(text, at);
        return text.isEmpty() ? text.hashCode() : finish(h, text.length());
    }
}
