def i8(x):
    """Wrap to a Java byte."""
    return (x + 128) % 256 - 128


def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def i64(x):
    """Wrap to a Java long."""
    return (x + 2**63) % 2**64 - 2**63


def ushr64(x, n):
    """Java `>>>` of a long."""
    return i64((x & 0xFFFFFFFFFFFFFFFF) >> (n & 63))


def write(value):
    zigzag = (value << 1 ^ value >> 63) & 0xFFFFFFFFFFFFFFFF
    while zigzag > 0x7F:
        yield i8(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    yield zigzag


def roundTrip(values, skip):
    written = [b for value in values for b in write(value)]
    checksum = 0
    for back in values:
        checksum = i32(checksum * 31 + (back ^ ushr64(back, skip)))
    return [len(written), i8(sum(written)), checksum, written[0] if written else 0]
