import math


def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def jround(x):
    """Math.round of a double: halves go up, NaN gives 0, the rest saturates."""
    if math.isnan(x):
        return 0
    if math.isinf(x):
        return 2**63 - 1 if x > 0 else -(2**63)
    whole = math.floor(x)
    whole += x - whole >= 0.5
    return max(-(2**63), min(2**63 - 1, whole))


def ratingStars(ratings):
    histogram = {}
    for rating in ratings:
        stars = max(-5, min(5, i32(jround(rating))))
        histogram[stars] = histogram.get(stars, 0) + 1
    return histogram
