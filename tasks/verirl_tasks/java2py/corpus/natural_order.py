import re


def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def split_number(label):
    digits = re.match(r"[0-9]*", label)[0]
    number = int(digits or "0")
    if number != i32(number):
        raise ValueError(label)
    # Java orders strings by their UTF-16 code units
    return number, label[len(digits) :].encode("utf-16-be", "surrogatepass")


def naturalCompare(left, right):
    a = split_number(left)
    b = split_number(right)
    return (a > b) - (a < b)
