def idiv(a, b):
    """Java integer division: truncates towards zero."""
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def irem(a, b):
    """Java remainder: takes the sign of the dividend."""
    r = abs(a) % abs(b)
    return -r if a < 0 else r


def clockLabel(minutes):
    hours = idiv(minutes, 60)
    rest = irem(minutes, 60)
    return f"{hours}h{rest}m"
