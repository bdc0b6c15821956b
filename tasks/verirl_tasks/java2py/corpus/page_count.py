def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def idiv(a, b):
    """Java integer division: truncates towards zero."""
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def pageCount(items, pageSize):
    if items == 0:
        return 1
    return i32(idiv(i32(items + pageSize - 1), pageSize))
