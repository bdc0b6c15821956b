def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def grantBit(permissions, position):
    bit = i32(1 << (position & 31))
    return permissions | bit
