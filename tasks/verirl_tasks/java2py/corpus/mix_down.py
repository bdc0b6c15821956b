import math


def i16(x):
    """Wrap to a Java short."""
    return (x + 2**15) % 2**16 - 2**15


def to_int(x):
    """Java (int) of a floating value: NaN gives 0, the rest saturates."""
    if math.isnan(x):
        return 0
    return int(max(-(2.0**31), min(2.0**31 - 1, x)))


def mixDown(left, right, gain):
    return [i16(to_int((a + b) * gain)) for a, b in zip(left, right, strict=False)]
