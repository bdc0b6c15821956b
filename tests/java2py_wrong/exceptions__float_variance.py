import struct


def f32(x):
    try:
        return struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError:
        return float("inf") if x > 0 else float("-inf")


def variance(xs):
    if len(xs) < 2:
        return 0.0
    mean = 0.0
    for x in xs:
        mean = f32(mean + f32(x / len(xs)))
    total = 0.0
    for x in xs:
        d = f32(x - mean)
        total += f32(d * d)
    return total / (len(xs) - 1)
