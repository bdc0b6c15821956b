def sumOfSquares(samples):
    total = 0
    for s in samples:
        total += s * s
    return total
