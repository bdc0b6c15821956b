import math
from decimal import ROUND_HALF_UP, Decimal


def idiv(a, b):
    """Java integer division: truncates towards zero."""
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def irem(a, b):
    """Java remainder: takes the sign of the dividend."""
    r = abs(a) % abs(b)
    return -r if a < 0 else r


def jround(x):
    """Math.round of a double: halves go up, NaN gives 0, the rest saturates."""
    if math.isnan(x):
        return 0
    if math.isinf(x):
        return 2**63 - 1 if x > 0 else -(2**63)
    whole = math.floor(x)
    whole += x - whole >= 0.5
    return max(-(2**63), min(2**63 - 1, whole))


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


def fixed(x, places):
    """Format a finite double as "%.<places>f": halves of the shortest decimal go away from zero."""
    return f"{Decimal(repr(x)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"


def report(regions, cents):
    lines = {}
    for region, amount in zip(regions, cents, strict=False):
        line = lines.setdefault(irem(region, 5), [0, 0])
        line[0] += 1
        line[1] += idiv(amount, 2)
    best = max((units for units, _ in lines.values()), default=0)
    out = []
    rounded = 0
    for region, (units, total) in sorted(lines.items()):
        rounded += jround(total / 100.0)
        # int and double in one conditional: the int is promoted
        trend = dstr(float(units) if units == best else total / 8.0)
        out.append(f"{region:3d} {units} {fixed(total / 100.0, 1)}|{trend}\n")
    return "".join(out) + f"{rounded}{' loss' if rounded < 0 else ' profit'}"
