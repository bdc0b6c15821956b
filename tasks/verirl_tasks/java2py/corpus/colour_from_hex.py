import re


def colourFromHex(code):
    digits = code.removeprefix("#")
    # Character.digit knows the decimal digits of every script, and the full-width letters
    if not re.fullmatch(r"[+-]?[\da-fA-F\uff21-\uff26\uff41-\uff46]+", digits) or max(digits) > "\uffff":
        raise ValueError(digits)
    value = int("".join(chr(ord(c) - 0xFEE0) if c >= "\uff21" else c for c in digits), 16)
    if not -(2**31) <= value < 2**31:
        raise ValueError(digits)
    return value
