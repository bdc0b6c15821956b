def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def durationSeconds(text):
    number = None
    total = 0
    for c in text:
        if "0" <= c <= "9":
            number = i32((number or 0) * 10 + int(c))
            continue
        if c in UNITS:
            total += i32((1 if number is None else number) * UNITS[c])
        number = None
    return total + (number or 0)
