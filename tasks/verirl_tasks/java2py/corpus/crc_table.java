// method: crc32 | level: 4 | tags: unsigned-shift, bit-twiddling, narrowing
class Solution {
    private static final int POLYNOMIAL = 0xEDB88320;
    private final int[] table = new int[256];

    Solution() {
        for (int i = 0; i < table.length; i++) {
            int c = i;
            for (int k = 0; k < 8; k++) {
                if ((c & 1) != 0) {
                    c = POLYNOMIAL ^ (c >>> 1);
                } else {
                    c = c >>> 1;
                }
            }
            table[i] = c;
        }
    }

    private int update(int crc, byte value) {
        return table[(crc ^ value) & 0xff] ^ (crc >>> 8);
    }

    private int finish(int crc, int length) {
        int folded = ~crc;
        for (int n = length; n != 0; n >>>= 8) {
            folded = update(folded, (byte) n);
        }
        return folded;
    }

    String crc32(byte[] data, int length) {
        int crc = 0xffffffff;
        for (byte b : data) {
            crc = update(crc, b);
        }
        int checksum = finish(crc, length);
        String hex = Integer.toHexString(checksum);
        return (checksum < 0 ? "!" : "") + hex;
    }
}
