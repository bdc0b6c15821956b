def topBits(id):
    low = (id + 2**31) % 2**32 - 2**31
    return id >> 40 ^ low ^ low >> 28
