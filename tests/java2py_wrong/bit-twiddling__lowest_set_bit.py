def lowestSetBit(mask):
    if mask == 0:
        return -1
    return mask & -mask
