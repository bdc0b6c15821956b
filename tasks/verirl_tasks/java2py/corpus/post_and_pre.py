def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def postAndPre(n):
    i = n + 2
    total = n + i * 2
    return i32(total - i)
