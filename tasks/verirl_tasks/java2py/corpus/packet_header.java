// method: packetHeader | level: 3 | tags: narrowing, bit-twiddling
class Solution {
    static byte[] packetHeader(int length, short port, boolean last) {
        byte[] header = new byte[6];
        for (int i = 0; i < 4; i++) {
            header[i] = (byte) (length >> (24 - 8 * i));
        }
        header[4] = (byte) (port >>> 8);
        header[5] = (byte) (last ? port | 0x80 : port & 0x7f);
        return header;
    }
}
