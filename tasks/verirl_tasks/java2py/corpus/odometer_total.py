def i16(x):
    """Wrap to a Java short."""
    return (x + 2**15) % 2**16 - 2**15


def odometerTotal(trips):
    total = 0
    for trip in trips:
        if trip > 0:
            total = i16(total + trip)
    return total
