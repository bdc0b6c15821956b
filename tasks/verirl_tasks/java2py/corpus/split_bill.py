def idiv(a, b):
    """Java integer division: truncates towards zero."""
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def irem(a, b):
    """Java remainder: takes the sign of the dividend."""
    r = abs(a) % abs(b)
    return -r if a < 0 else r


def splitBill(cents, paying):
    people = sum(paying)
    share = idiv(cents, people)
    left = irem(cents, people)
    shares = [0] * len(paying)
    for i, pays in enumerate(paying):
        if pays:
            step = (left > 0) - (left < 0)
            shares[i] = share + step
            left -= step
    return shares
