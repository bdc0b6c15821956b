def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def compact(data):
    total = 0
    for i in range(len(data) - 1):
        # the index of the target is read before i++, those on the right after it
        data[i] = data[i + 1] if i % 2 == 0 else i32(-data[i])
        total = i32(total * 3 + data[i])
    data[-1] = i32(data[-1] + total)
    return total
