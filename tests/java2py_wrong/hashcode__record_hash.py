import struct


def wrap(x):
    return (x + 2**31) % 2**32 - 2**31


def recordHash(name, active, cents):
    (bits,) = struct.unpack("<q", struct.pack("<d", cents / 100.0))
    h = 0
    for c in name:
        h = 31 * h + ord(c)
    # Python's hash of a boolean is 1 or 0; Java's is 1231 or 1237
    return wrap(31 * (31 * (31 + h) + int(active)) + (bits ^ bits >> 32))
