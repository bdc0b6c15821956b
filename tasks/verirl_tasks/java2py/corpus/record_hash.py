import struct


def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def str_hash(s):
    """String.hashCode."""
    data = s.encode("utf-16-le", "surrogatepass")
    h = 0
    for i in range(0, len(data), 2):
        h = 31 * h + (data[i] | data[i + 1] << 8) & 0xFFFFFFFF
    return i32(h)


def recordHash(name, active, cents):
    (bits,) = struct.unpack("<q", struct.pack("<d", cents / 100.0))
    h = 31 + str_hash(name)
    h = 31 * h + (1231 if active else 1237)
    return i32(31 * h + (bits ^ bits >> 32))
