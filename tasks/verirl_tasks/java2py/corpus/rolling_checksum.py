def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def rollingChecksum(blocks):
    total = 17
    for block in blocks:
        total = i32(total * 31 + block)
    return total
