import math


def roundToCents(amount):
    scaled = amount * 100
    if not math.isfinite(scaled):
        return scaled
    return math.copysign(math.floor(abs(scaled) + 0.5), scaled) / 100.0
