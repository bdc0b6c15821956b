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


def channel(argb, shift):
    return argb >> shift & 0xFF


def mix(below, above, alpha):
    value = f32(f32(below * f32(1 - alpha)) + f32(above * alpha))
    return int(f32(value + 0.5))


def over(bottom, top, opacity):
    alpha = f32(f32(channel(top, 24) / 255) * opacity)
    r, g, b = (mix(channel(bottom, shift), channel(top, shift), alpha) for shift in (16, 8, 0))
    a = max(channel(bottom, 24), channel(top, 24))
    return i32(a << 24 | r << 16 | g << 8 | b)


def blend(canvas, sprite, opacity):
    strength = f32((opacity & 0xFF) / 255)
    for i in range(min(len(canvas), len(sprite))):
        canvas[i] = over(canvas[i], sprite[i], strength)
    luma = 0.0
    for p in canvas:
        r, g, b = (f32(channel(p, shift) * f32(part)) for shift, part in ((16, 0.3), (8, 0.6), (0, 0.1)))
        luma = f32(luma + f32(f32(r + g) + b))
    return luma
