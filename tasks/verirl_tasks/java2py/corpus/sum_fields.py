import re


def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def parse_int(s):
    """Integer.parseInt: no blanks, no underscores, no more than 32 bits."""
    if not re.fullmatch(r"[+-]?\d+", s) or max(s) > "\uffff":
        raise ValueError(s)
    value = int(s)
    if value != i32(value):
        raise ValueError(s)
    return value


def sumFields(fields):
    total = 0
    for field in fields:
        try:
            value = parse_int(field.strip("".join(map(chr, range(33)))))
        except ValueError:
            value = -1
        total = i32(total + value)
    return total
