import math
import struct


def f32(x):
    """Round to single precision."""
    try:
        return struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)


def batteryDrain(perHour, hours):
    load = math.nan if math.isinf(perHour) else math.fmod(abs(perHour), 1.0)
    charge = 1.0
    cycles = 0
    drain = f32(load * f32(0.1))
    for _ in range(min(hours, 500)):
        charge = f32(charge - drain)
        if charge < 0:
            charge = f32(charge + 1)
            cycles += 1
    return f32(cycles + charge)
