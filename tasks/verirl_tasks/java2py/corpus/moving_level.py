def i8(x):
    """Wrap to a Java byte."""
    return (x + 128) % 256 - 128


def idiv(a, b):
    """Java integer division: truncates towards zero."""
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def movingLevel(samples, decay):
    level = peaks = 0
    for sample in samples:
        level -= idiv(level, 4)
        level = i8(level + idiv(sample, 2) + decay)
        if level > 100:
            peaks += 1
            level >>= 1
    return peaks * 1000 + level
