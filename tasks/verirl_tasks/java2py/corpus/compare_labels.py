def units(text):
    data = text.encode("utf-16-be", "surrogatepass")
    return [data[i] << 8 | data[i + 1] for i in range(0, len(data), 2)]


def compareLabels(a, b):
    first, second = units(a), units(b)
    for x, y in zip(first, second, strict=False):
        if x != y:
            return x - y
    return len(first) - len(second)
