def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def irem(a, b):
    """Java remainder: takes the sign of the dividend."""
    r = abs(a) % abs(b)
    return -r if a < 0 else r


def powerMod(base, exponent, modulus):
    if exponent < 0:
        raise ArithmeticError("negative exponent")
    result = 1
    factor = irem(base, modulus)
    while exponent > 0:
        if exponent & 1:
            result = irem(i32(result * factor), modulus)
        factor = irem(i32(factor * factor), modulus)
        exponent >>= 1
    return result
