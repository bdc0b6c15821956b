def java_abs(x):
    """Math.abs of an int: the smallest int has no positive counterpart."""
    return x if x == -(2**31) else abs(x)


def distanceToZero(position):
    return java_abs(position)
