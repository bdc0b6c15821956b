def midpoint(low, high):
    total = low + high
    return total / 2
