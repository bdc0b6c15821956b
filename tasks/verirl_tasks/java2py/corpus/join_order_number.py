def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def orderNumber(shop, counter):
    try:
        number = int(f"{shop}{counter}")
    except ValueError:
        return -1
    return number if number == i32(number) else -1
