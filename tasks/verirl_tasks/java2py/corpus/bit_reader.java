// method: readFields | level: 4 | tags: shift, bit-twiddling, exceptions, narrowing, aliasing
import java.util.ArrayList;
import java.util.List;

class Solution {
    private static class Reader {
        private final byte[] data;
        private int position;

        Reader(byte[] data) {
            this.data = data;
        }

        int bit() {
            int index = position >> 3;
            if (index >= data.length) {
                throw new IndexOutOfBoundsException("bit " + position);
            }
            int value = data[index] >> (7 - position % 8) & 1;
            position++;
            return value;
        }

        long unsigned(int width) {
            long value = 0;
            for (int i = 0; i < width; i++) {
                value = value << 1 | bit();
            }
            return value;
        }

        int signed(int width) {
            int unused = 32 - width;
            return (int) unsigned(width) << unused >> unused;
        }
    }

    static List<Long> readFields(byte[] data, byte[] widths) {
        Reader reader = new Reader(data);
        List<Long> fields = new ArrayList<>();
        for (byte width : widths) {
            int bits = width & 0x1f;
            if (fields.size() * 3L > data.length) {
                break;
            }
            try {
                fields.add(width < 0 ? reader.signed(bits) : reader.unsigned(bits));
            } catch (IndexOutOfBoundsException e) {
                fields.add((long) -reader.position);
                data[reader.position % data.length] ^= width;
            }
        }
        return fields;
    }
}
