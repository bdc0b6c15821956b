import math
import struct


def f32(x):
    """Round to single precision."""
    try:
        return struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)


def floatTotal(weights):
    total = 0.0
    for weight in weights:
        total = f32(total + weight)
    return total
