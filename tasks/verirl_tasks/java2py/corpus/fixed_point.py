def i32(x):
    """Wrap to a Java int."""
    return (x + 2**31) % 2**32 - 2**31


def idiv(a, b):
    """Java integer division: truncates towards zero."""
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


ONE = 1 << 16


def divide(a, b):
    return i32(idiv(a << 16, b))


def square_root(value):
    guess = value >> 1 if value > ONE else ONE
    for _ in range(40):
        following = i32(guess + divide(value, guess)) >> 1
        close = abs(following - guess) <= 1
        guess = following
        if close:
            break
    return guess


def compute(x, coefficients):
    total = 0
    for coefficient in reversed(coefficients):
        total = i32((total * x >> 16) + coefficient)
    scaled = divide(total, x if x != 0 else ONE)
    return idiv(scaled, 3) if scaled < 0 else square_root(scaled)
