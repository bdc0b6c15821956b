def swapEnds(values):
    if len(values) < 2:
        return
    values[0], values[-1] = values[-1], values[0]
