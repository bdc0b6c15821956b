def sumKnown(values):
    if values is None:
        return None
    total = None
    for value in values:
        if value is None:
            continue
        total = value if total is None else total + value
    if total is None:
        return None
    return (total + 2**31) % 2**32 - 2**31
