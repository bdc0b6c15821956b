import math


def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def to_int(x):
    """Java (int) of a floating value: NaN gives 0, the rest saturates."""
    if math.isnan(x):
        return 0
    return int(max(-(2.0**31), min(2.0**31 - 1, x)))


def applyDiscounts(prices, percent):
    return [i32(price - to_int(price * (percent / 100.0))) for price in prices]
