class Reader:
    def __init__(self, data):
        self.data = data
        self.position = 0

    def bit(self):
        value = self.data[self.position >> 3] >> (7 - self.position % 8) & 1
        self.position += 1
        return value

    def unsigned(self, width):
        value = 0
        for _ in range(width):
            value = value << 1 | self.bit()
        return value

    def signed(self, width):
        value = self.unsigned(width)
        # a width of zero shifts by 32, which is by nothing, and the field is zero
        return value - (1 << width) if width and value >> (width - 1) else value


def readFields(data, widths):
    reader = Reader(data)
    fields = []
    for width in widths:
        if len(fields) * 3 > len(data):
            break
        try:
            fields.append(reader.signed(width & 0x1F) if width < 0 else reader.unsigned(width & 0x1F))
        except IndexError:
            fields.append(-reader.position)
            at = reader.position % len(data)
            data[at] ^= width
    return fields
