def irem(a, b):
    """Java remainder: takes the sign of the dividend."""
    r = abs(a) % abs(b)
    return -r if a < 0 else r


def lastDigit(number):
    return irem(number, 10)
