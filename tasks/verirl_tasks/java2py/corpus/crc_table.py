def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def entry(c):
    for _ in range(8):
        c = 0xEDB88320 ^ c >> 1 if c & 1 else c >> 1
    return c


TABLE = [entry(i) for i in range(256)]


def update(crc, value):
    """One byte further; crc is kept unsigned, 32 bits."""
    return TABLE[(crc ^ value) & 0xFF] ^ crc >> 8


def crc32(data, length):
    crc = 0xFFFFFFFF
    for b in data:
        crc = update(crc, b)
    crc ^= 0xFFFFFFFF
    n = length & 0xFFFFFFFF
    while n != 0:
        crc = update(crc, n & 0xFF)
        n >>= 8
    return ("!" if i32(crc) < 0 else "") + f"{crc:x}"
