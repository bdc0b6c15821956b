def idiv(a, b):
    """Java integer division: truncates towards zero."""
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def irem(a, b):
    """Java remainder: takes the sign of the dividend."""
    r = abs(a) % abs(b)
    return -r if a < 0 else r


def gridCell(offset, size):
    truncated = idiv(offset, size)
    floored = offset // size
    return [truncated - floored, irem(offset, size), offset % size]
