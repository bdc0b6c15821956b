// method: roundTrip | level: 4 | tags: unsigned-shift, narrowing, shift, compound-assignment
class Solution {
    private byte[] buffer = new byte[16];
    private int size;

    private void put(int value) {
        if (size == buffer.length) {
            byte[] larger = new byte[size * 2];
            System.arraycopy(buffer, 0, larger, 0, size);
            buffer = larger;
        }
        buffer[size++] = (byte) value;
    }

    private void write(long value) {
        long zigzag = (value << 1) ^ (value >> 63);
        while ((zigzag & ~0x7fL) != 0) {
            put((int) (zigzag & 0x7f | 0x80));
            zigzag >>>= 7;
        }
        put((int) zigzag);
    }

    private long read(int[] at) {
        long raw = 0;
        int shift = 0;
        byte b;
        do {
            b = buffer[at[0]++];
            raw |= (b & 0x7fL) << shift;
            shift += 7;
        } while (b < 0);
        return (raw >>> 1) ^ -(raw & 1);
    }

    int[] roundTrip(long[] values, int skip) {
        for (long value : values) {
            write(value);
        }
        int[] at = {0};
        int checksum = 0;
        for (int i = 0; i < values.length; i++) {
            long back = read(at);
            checksum = checksum * 31 + (int) (back ^ back >>> skip);
        }
        byte parity = 0;
        for (int i = 0; i < size; i++) {
            parity += buffer[i];
        }
        return new int[] {size, parity, checksum, buffer[0]};
    }
}
