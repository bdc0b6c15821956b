def i64(x):
    """Wrap to a Java long."""
    return (x + 2**63) % 2**64 - 2**63


def chars(s):
    """The UTF-16 code units of a string, each as a string of one character."""
    data = s.encode("utf-16-le", "surrogatepass")
    return [chr(data[i] | data[i + 1] << 8) for i in range(0, len(data), 2)]


LIMIT = 24


def parse(text):
    units = [c for c in chars(text.removeprefix("+")) if c != "_"][-LIMIT:]
    return int("0" + "".join(c if "0" <= c <= "9" else str(ord(c) % 10) for c in units))


def multiplyAll(factors, scale):
    product = 1
    for factor in factors:
        product = product * parse(factor) % 10**LIMIT
    cut = 10 + abs(scale) % 12
    number = int(str(product)[:cut])
    if number != i64(number):
        raise ValueError("beyond a long")
    return i64(number * scale)
