def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def ushr32(x, n):
    """Java `>>>` of an int."""
    return i32((x & 0xFFFFFFFF) >> (n & 31))


def i64(x):
    """Wrap to a Java long."""
    return (x + 2**63) % 2**64 - 2**63


def ushr64(x, n):
    """Java `>>>` of a long."""
    return i64((x & 0xFFFFFFFFFFFFFFFF) >> (n & 63))


def topBits(id):
    high = ushr64(id, 40)
    low = i32(id)
    return high ^ low ^ ushr32(low, 28)
