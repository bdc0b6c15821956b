def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def lowestSetBit(mask):
    if mask == 0:
        return -1
    return mask & i32(-mask)
