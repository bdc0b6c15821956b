def hammingEncode(data):
    d = data & 0xF
    p1 = (d ^ d >> 1 ^ d >> 3) & 1
    p2 = (d ^ d >> 2 ^ d >> 3) & 1
    p4 = (d >> 1 ^ d >> 2 ^ d >> 3) & 1
    code = p1 | p2 << 1 | (d & 1) << 2 | p4 << 3 | (d & ~1) << 3
    return code if (data & 0xFFFFFFFF).bit_count() % 2 == 0 else ~code
