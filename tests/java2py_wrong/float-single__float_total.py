def floatTotal(weights):
    total = 0.0
    for weight in weights:
        total += weight
    return total
