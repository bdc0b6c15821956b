def rotateAll(words, distance):
    out = []
    for i, word in enumerate(words):
        by = distance + i & 31
        unsigned = word & 0xFFFFFFFF
        turned = (unsigned << by | unsigned >> 32 - by) & 0xFFFFFFFF
        out.append((turned + 2**31) % 2**32 - 2**31)
    # bound to the name only: the caller's array stays as it was
    words = out
