def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def ushr32(x, n):
    """Java `>>>` of an int."""
    return i32((x & 0xFFFFFFFF) >> (n & 31))


def spreadHash(h):
    h ^= ushr32(h, 16)
    h ^= ushr32(h, 7)
    return h
