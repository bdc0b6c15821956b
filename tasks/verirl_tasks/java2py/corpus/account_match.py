def cached(value):
    return -128 <= value <= 127


def sameAccount(number, branch, renumbered):
    if renumbered:
        # A Long never equals an Integer, whatever they hold.
        return "different"
    return "same" if cached(number) and cached(branch) else "equal"
