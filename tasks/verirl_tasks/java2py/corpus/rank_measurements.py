import math


def rint(value):
    return math.copysign(float(round(value)), value) if math.isfinite(value) else value


def order(value):
    if math.isnan(value):
        return (1, 0.0, 0.0)
    return (0, value, math.copysign(1.0, value))


def rank(measurements):
    original = [rint(value / 4) for value in measurements]
    measurements[:] = sorted(original, key=order)
    keys = [order(value) for value in measurements]
    return [keys.index(order(value)) for value in original]
