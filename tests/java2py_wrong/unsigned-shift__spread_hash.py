def spreadHash(h):
    h ^= h >> 16
    h ^= h >> 7
    return h
