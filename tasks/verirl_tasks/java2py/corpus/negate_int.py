def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def negate(n):
    return i32(-n)
