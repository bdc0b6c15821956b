import math
from decimal import Decimal


def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def chars(s):
    """The UTF-16 code units of a string, each as a string of one character."""
    data = s.encode("utf-16-le", "surrogatepass")
    return [chr(data[i] | data[i + 1] << 8) for i in range(0, len(data), 2)]


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


def number(units, cursor):
    value = 0
    while cursor < len(units) and "0" <= units[cursor] <= "9":
        value = i32(value * 10 + int(units[cursor]))
        cursor += 1
    return value, cursor


def price(amount, per_unit):
    # int and double in one conditional make a double of both
    shown = amount / 4.0 if per_unit else float(amount)
    return ("c" if amount < 0 else "$") + dstr(shown)


def quote(tariff, perUnit):
    units = chars(tariff)
    cursor = items = total = 0
    trace = ""
    while cursor < len(units) and items < 20:
        start = cursor
        amount, cursor = number(units, cursor)
        if cursor == start:
            cursor += 1
            step = 1
            if units[start] == "-":
                amount, cursor = number(units, cursor)
                step = -amount
            total = i32(total + step)
        else:
            total = i32(total * 2 + amount)
        items += 1
        # int and Character: binary numeric promotion makes an int of the character
        trace += str(items) if cursor >= len(units) else "109"
    return f"{price(total, perUnit)} {trace} {float(items) if items > 3 else 0.5}"
