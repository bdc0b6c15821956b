def reorderLevel(levels, shelf, strict):
    place = shelf % 6
    if place >= len(levels):
        return "unknown null"
    if not strict:
        return f"{place}:0:0.5"
    # The other branch of the ternary is an int, so that a null is unboxed.
    if levels[place] == 0:
        raise TypeError("null has no value")
    return f"{place}:{levels[place]}:{decimal(levels[place])}"


def decimal(level):
    """With a Double in the other branch, the level becomes a double: Double.toString of a whole number."""
    if abs(level) < 10**7:
        return f"{level}.0"
    digits = str(abs(level))
    fraction = digits[1:].rstrip("0") or "0"
    sign = "-" if level < 0 else ""
    return f"{sign}{digits[0]}.{fraction}E{len(digits) - 1}"
