import math
import struct


def f32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


class Battery:
    # one for all calls: a field of the class, not of the object
    charge = 1.0
    cycles = 0


def batteryDrain(perHour, hours):
    load = math.nan if math.isinf(perHour) else math.fmod(abs(perHour), 1.0)
    drain = f32(load * f32(0.1))
    for _ in range(min(hours, 500)):
        Battery.charge = f32(Battery.charge - drain)
        if Battery.charge < 0:
            Battery.charge = f32(Battery.charge + 1)
            Battery.cycles += 1
    return f32(Battery.cycles + Battery.charge)
