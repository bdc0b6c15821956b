def cacheSlot(url, session):
    h = 0
    for b in url.encode():
        h = 31 * h + b
    return (h ^ session ^ session >> 32) & 1023
