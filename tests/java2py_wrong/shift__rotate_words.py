def to_int(x):
    return (x + 2**31) % 2**32 - 2**31


def rotate(value, distance):
    unsigned = value & 0xFFFFFFFF
    if not 0 <= distance <= 32:
        return value
    return to_int(unsigned << distance | unsigned >> 32 - distance)


def rotateAll(words, distance):
    for i, word in enumerate(words):
        words[i] = rotate(word, distance + i)
