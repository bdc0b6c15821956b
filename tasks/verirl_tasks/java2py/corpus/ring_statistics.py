import math
import struct


def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def f32(x):
    """Round to single precision."""
    try:
        return struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)


def jround32(x):
    """Math.round of a float: halves go up, NaN gives 0, the rest saturates."""
    if math.isnan(x):
        return 0
    if math.isinf(x):
        return 2**31 - 1 if x > 0 else -(2**31)
    whole = math.floor(x)
    whole += x - whole >= 0.5
    return max(-(2**31), min(2**31 - 1, whole))


LARGEST = (2 - 2**-23) * 2.0**127


def spread(cells):
    if not cells:
        return 0.0
    low, high = LARGEST, -LARGEST
    for cell in cells:
        low = min(low, cell)
        high = max(high, cell)
    return f32(high - low)


def observe(samples, threshold):
    cells = []
    means = []
    alarm = None
    for i, sample in enumerate(samples):
        cells[i % 4 : i % 4 + 1] = [f32(sample)]
        total = 0.0
        for cell in cells:
            total = f32(total + cell)
        means.append(f32(total / len(cells)))
        if threshold is not None and alarm is None and jround32(means[-1]) >= threshold:
            alarm = i
    if alarm is None:
        return [*means, spread(cells)]
    return [*means, f32(i32(-jround32(spread(cells)) - alarm))]
