def distanceToZero(position):
    return abs(position)
