import math


def to_int(x):
    """Java (int) of a floating value: NaN gives 0, the rest saturates."""
    if math.isnan(x):
        return 0
    return int(max(-(2.0**31), min(2.0**31 - 1, x)))


def addTax(price, reduced):
    return to_int(price * (1.05 if reduced else 1.2))
