def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def idiv(a, b):
    """Java integer division: truncates towards zero."""
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def irem(a, b):
    """Java remainder: takes the sign of the dividend."""
    r = abs(a) % abs(b)
    return -r if a < 0 else r


def columnName(number):
    if number == 0:
        return "?"
    name = ""
    while number != 0:
        before = i32(number - 1)
        name = chr(ord("A") + irem(before, 26)) + name
        number = idiv(before, 26)
    return name
