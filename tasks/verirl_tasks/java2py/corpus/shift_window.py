def i64(x):
    """Wrap to a Java long."""
    return (x + 2**63) % 2**64 - 2**63


def shiftWindow(window, by):
    if by >= 0:
        return window >> (by & 63)
    return i64(window << (-by & 63))
