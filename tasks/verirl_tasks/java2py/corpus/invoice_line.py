from decimal import ROUND_HALF_UP, Decimal


def fixed(x, places):
    """Format a finite double as "%.<places>f": halves of the shortest decimal go away from zero."""
    return f"{Decimal(repr(x)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"


def chars(s):
    """The UTF-16 code units of a string, each as a string of one character."""
    data = s.encode("utf-16-le", "surrogatepass")
    return [chr(data[i] | data[i + 1] << 8) for i in range(0, len(data), 2)]


def invoiceLine(item, milliEuros, quantity):
    name = "".join(chars(item)[:8])
    price = milliEuros / 1000.0
    return f"{name} x{quantity} @ {fixed(price, 2)} = {fixed(price * quantity, 1)}"
