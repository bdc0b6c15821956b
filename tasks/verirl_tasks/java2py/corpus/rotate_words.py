def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def ushr32(x, n):
    """Java `>>>` of an int."""
    return i32((x & 0xFFFFFFFF) >> (n & 31))


def rotate(value, distance):
    return i32(value << (distance & 31)) | ushr32(value, -distance & 31)


def rotateAll(words, distance):
    for i, word in enumerate(words):
        words[i] = rotate(word, distance + i)
