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


def java_abs(x):
    """Math.abs of an int: the smallest int has no positive counterpart."""
    return x if x == -(2**31) else abs(x)


def gcd(a, b):
    while b != 0:
        a, b = b, irem(a, b)
    return java_abs(a)


class Fraction:
    def __init__(self, top, bottom):
        if bottom == 0:
            raise ArithmeticError("zero denominator")
        common = gcd(top, bottom)
        sign = -1 if bottom < 0 else 1
        self.top = i32(idiv(i32(sign * top), common))
        self.bottom = i32(idiv(i32(sign * bottom), common))

    def plus(self, other):
        top = i32(self.top * other.bottom + other.top * self.bottom)
        return Fraction(top, i32(self.bottom * other.bottom))

    def compare(self, other):
        return i32(self.top * other.bottom - other.top * self.bottom)

    def __str__(self):
        return str(self.top) if self.bottom == 1 else f"{self.top}/{self.bottom}"


def sumFractions(tops, bottoms):
    total = largest = Fraction(0, 1)
    for top, bottom in zip(tops, bottoms, strict=False):
        term = Fraction(top, bottom)
        total = total.plus(term)
        if term.compare(largest) > 0:
            largest = term
    return f"{total} max {largest} whole {i32(idiv(total.top, total.bottom))}"
