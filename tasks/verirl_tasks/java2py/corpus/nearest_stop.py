def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def java_abs(x):
    """Math.abs of an int: the smallest int has no positive counterpart."""
    return x if x == -(2**31) else abs(x)


def nearestStop(stops, position):
    # min keeps the first of equals, as the loop does
    return min(stops, key=lambda stop: java_abs(i32(stop - position)))
