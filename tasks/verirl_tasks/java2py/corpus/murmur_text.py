def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def chars(s):
    """The UTF-16 code units of a string, each as a string of one character."""
    data = s.encode("utf-16-le", "surrogatepass")
    return [chr(data[i] | data[i + 1] << 8) for i in range(0, len(data), 2)]


MASK = 0xFFFFFFFF


def rotate_left(x, n):
    return (x << n | x >> 32 - n) & MASK


def scramble(k):
    return rotate_left(k * 0xCC9E2D51 & MASK, 15) * 0x1B873593 & MASK


def finish(h, length):
    h ^= length
    h ^= h >> 16
    h = h * 0x85EBCA6B & MASK
    h ^= h >> 13
    h = h * 0xC2B2AE35 & MASK
    return h ^ h >> 16


def fingerprint(text, seed):
    units = [ord(c) for c in chars(text)]
    if not units:
        return 0
    h = seed & MASK
    whole = len(units) - len(units) % 4
    for at in range(0, whole, 4):
        k = 0
        for unit in units[at : at + 4]:
            k = (k << 8 ^ unit) & MASK
        h = (rotate_left(h ^ scramble(k), 13) * 5 + 0xE6546B64) & MASK
    k = 0
    for i, unit in enumerate(units[whole:]):
        k ^= unit << 8 * i
    return i32(finish(h ^ scramble(k), len(units)))
