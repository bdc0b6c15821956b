def i64(x):
    """Wrap to a Java long."""
    return (x + 2**63) % 2**64 - 2**63


def ushr64(x, n):
    """Java `>>>` of a long."""
    return i64((x & 0xFFFFFFFFFFFFFFFF) >> (n & 63))


def extract(register, start, width):
    mask = i64(i64(1 << (width & 63)) - 1)
    field = ushr64(register, start) & mask
    negative = field >> ((width - 1) & 63) & 1
    return field | ~mask if negative else field
