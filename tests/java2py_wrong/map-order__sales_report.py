from decimal import ROUND_HALF_UP, Decimal


def quotient(a, b):
    return abs(a) // b * (1 if a >= 0 else -1)


def fixed(x):
    return f"{Decimal(repr(x)).quantize(Decimal('0.1'), ROUND_HALF_UP):f}"


def shown(x):
    if x == 0 or 1e-3 <= abs(x) < 1e7:
        return repr(x)
    sign, digits, exponent = Decimal(repr(x)).normalize().as_tuple()
    first, *rest = map(str, digits)
    return f"{'-' * sign}{first}.{''.join(rest) or '0'}E{exponent + len(rest)}"


def report(regions, cents):
    lines = {}
    for region, amount in zip(regions, cents, strict=False):
        key = abs(region) % 5 * (1 if region >= 0 else -1)
        line = lines.setdefault(key, [0, 0])
        line[0] += 1
        line[1] += quotient(amount, 2)
    best = max((units for units, _ in lines.values()), default=0)
    out = []
    rounded = 0
    # in the order of insertion, where a TreeMap goes by key
    for region, (units, total) in lines.items():
        rounded += int((Decimal(total) / 100 + Decimal("0.5")).__floor__())
        trend = shown(float(units) if units == best else total / 8.0)
        out.append(f"{region:3d} {units} {fixed(total / 100.0)}|{trend}\n")
    return "".join(out) + f"{rounded}{' loss' if rounded < 0 else ' profit'}"
