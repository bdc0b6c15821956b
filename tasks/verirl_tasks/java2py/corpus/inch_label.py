from decimal import ROUND_HALF_UP, Decimal


def fixed(x, places):
    """Format a finite double as "%.<places>f": halves of the shortest decimal go away from zero."""
    return f"{Decimal(repr(x)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"


def inchLabel(eighths):
    return fixed(eighths / 8.0, 2) + " in"
