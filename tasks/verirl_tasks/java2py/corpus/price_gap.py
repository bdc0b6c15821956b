def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def java_abs(x):
    """Math.abs of an int: the smallest int has no positive counterpart."""
    return x if x == -(2**31) else abs(x)


def priceGap(ask, bid, limit):
    gap = java_abs(i32(ask - bid))
    return gap <= limit
