def cached(value):
    return -128 <= value <= 127


def size(change):
    before, after = change
    difference = after - before
    if not -(2**31) <= difference < 2**31:
        raise OverflowError(difference)
    # Math.abs leaves the smallest int negative.
    return difference if difference == -(2**31) else abs(difference)


def changes(before, after, wanted):
    pairs = list(zip(before, after, strict=False))
    known = 0
    for i in range(len(pairs)):
        # A list of Integers never contains a Long.
        known += any(number == wanted for number, _ in pairs[: i + 1])
    lines = [f"known {known}"]
    real = [(x, y) for x, y in pairs if x != y or not cached(x)]
    if len(real) > 1:
        real.sort(key=size, reverse=True)
    for x, y in real:
        lines.append(f"equal {x}" if x == y else f"Change[before={x}, after={y}]")
    if len(real) > 1 and real[0][0] == real[1][0] and cached(real[0][0]):
        lines[0], lines[1] = lines[1], lines[0]
    return lines
