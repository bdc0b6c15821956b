import math
import struct


def f32(x):
    """Round to single precision."""
    try:
        return struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)


def dosePerKilo(dose, kilos):
    per_kilo = f32(dose / kilos) if kilos > 0 else 0.0
    return f32(per_kilo * f32(0.1))
