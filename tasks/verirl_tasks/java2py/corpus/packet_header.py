def i8(x):
    """Wrap to a Java byte."""
    return (x + 128) % 256 - 128


def packetHeader(length, port, last):
    header = [i8(length >> shift) for shift in (24, 16, 8, 0)]
    return [*header, port >> 8, i8(port | 0x80 if last else port & 0x7F)]
