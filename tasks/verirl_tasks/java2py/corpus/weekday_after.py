def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def irem(a, b):
    """Java remainder: takes the sign of the dividend."""
    r = abs(a) % abs(b)
    return -r if a < 0 else r


DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def weekdayAfter(day, days):
    start = DAYS.index(day) if day in DAYS else -1
    index = irem(i32(start + days), 7)
    return f"before {DAYS[-index]} ({index})" if index < 0 else DAYS[index]
