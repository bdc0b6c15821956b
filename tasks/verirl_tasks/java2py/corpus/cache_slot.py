def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def str_hash(s):
    """String.hashCode."""
    data = s.encode("utf-16-le", "surrogatepass")
    h = 0
    for i in range(0, len(data), 2):
        h = 31 * h + (data[i] | data[i + 1] << 8) & 0xFFFFFFFF
    return i32(h)


def cacheSlot(url, session):
    return (str_hash(url) ^ session ^ session >> 32) & 1023
