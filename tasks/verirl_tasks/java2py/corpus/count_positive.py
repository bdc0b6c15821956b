def countPositive(readings):
    count = 0
    for reading in readings:
        if reading > 0:
            count += 1
    return count
