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


def csvRow(counts):
    total = 0.0
    row = []
    for count in counts:
        total += count
        row.append(dstr(count / 8.0))
    row.append(dstr(total))
    row.append("true" if total > 0 else "false")
    row.append("1" if total == 0 else "true" if 1 / total > 1e-3 else "false")
    return ";".join(row)
