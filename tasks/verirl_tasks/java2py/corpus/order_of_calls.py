def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def orderOfCalls(a, b, strict):
    log = ["a0 "]
    counter = 3
    before = i32(a * 3 + 3)
    log.append(f"b{counter} c{counter + 1} ")
    counter += 2
    if a <= b:
        log.append(f"d{counter} ")
        counter += 1
    if strict and not (b > 0 and a > 0):
        log.append(f"e{counter + 1} ")
        counter += 10
    return f"{''.join(log)}{before},{counter}"
