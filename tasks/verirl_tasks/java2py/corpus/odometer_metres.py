import math
from decimal import Decimal


def dstr(x):
    """Double.toString."""
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "Infinity" if x > 0 else "-Infinity"
    if x == 0 or 1e-3 <= abs(x) < 1e7:
        return repr(x)
    sign, digits, exponent = Decimal(repr(x)).normalize().as_tuple()
    first, *rest = map(str, digits)
    return f"{'-' * sign}{first}.{''.join(rest) or '0'}E{exponent + len(rest)}"


def odometerMetres(kilometres, estimated):
    metres = kilometres * 1000.0
    mark = "~" if estimated else ""
    return mark + dstr(metres) + " m"
