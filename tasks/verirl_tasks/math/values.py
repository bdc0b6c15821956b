"""Works out what a tree is worth: exactly, as a Fraction; modulo a prime; or to 80 digits with mpmath.

This is the cost model: every step that could grow is measured before it is taken, and what would be too dear raises
TooDear at once. Nothing here can run long: powers, factorials and binomials are bounded by the bits of their result.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache
from typing import Any

from verirl_tasks.math.tree import Node, TooDear, symbols

BITS_CAP = 20_000  # of a numerator and a denominator together
COUNT_CAP = 1_000  # of n in n! and in n over k
MAGNITUDE_CAP = 100_000  # of a binary exponent
DIGITS = 80


class NotRational(ValueError):
    """The value is no rational number, or it is not known to be one."""


class Undefined(ValueError):
    """There is no such value: 1/0."""


_PLAIN = frozenset(("group", "neg", "add", "mixed", "mul", "div", "percent", "abs"))


def _plain(kind: str, values: Sequence[Any]) -> Any:
    """What rational and approximate numbers do alike. Raises Undefined."""
    if kind == "neg":
        return -values[0]
    if kind in ("add", "mixed"):
        return values[0] + values[1]
    if kind == "mul":
        return values[0] * values[1]
    if kind == "div":
        if values[1] == 0:
            raise Undefined("division by zero")
        return values[0] / values[1]
    if kind == "percent":
        return values[0] / 100
    return abs(values[0]) if kind == "abs" else values[0]


def exact(node: Node, at: Mapping[str, Fraction]) -> Fraction:
    """The rational value, with `at` for the symbols. Raises NotRational, Undefined, TooDear."""
    value = _exact(node, at)
    if value.numerator.bit_length() + value.denominator.bit_length() > BITS_CAP:
        raise TooDear(f"a number of more than {BITS_CAP} bits")
    return value


def _exact(node: Node, at: Mapping[str, Fraction]) -> Fraction:
    kind = node.kind
    if kind == "number":
        return node.number
    if kind == "symbol":
        return at[node.name]
    if kind == "pow":
        return _exact_power(exact(node.args[0], at), exact(node.args[1], at))
    if kind not in _RATIONAL:
        raise NotRational(kind)
    values = [exact(arg, at) for arg in node.args]
    if kind in _PLAIN:
        return _plain(kind, values)  # type: ignore[no-any-return]
    if kind == "sqrt":
        return _exact_root(values[0])
    if kind == "root":
        return _exact_root(values[0], _count(values[1]))
    if kind == "floor":
        return Fraction(math.floor(values[0]))
    if kind == "ceil":
        return Fraction(math.ceil(values[0]))
    if kind == "mod":
        if values[1] == 0:
            raise Undefined("a remainder of division by zero")
        return values[0] % values[1]
    if kind == "factorial":
        return Fraction(math.factorial(_count(values[0])))
    if kind == "double_factorial":
        return Fraction(math.prod(range(_count(values[0]), 0, -2)))
    if kind == "binomial":
        if values[0] >= 0 and values[0].denominator == 1:
            return Fraction(math.comb(_count(values[0]), _count(values[1])))
        lower = _small(node.args[1])
        return math.prod((values[0] - index for index in range(lower)), start=Fraction(1)) / math.factorial(lower)
    if kind == "based":
        return Fraction(_based(node.name))
    if kind == "function" and node.name in ("max", "min", "gcd", "lcm", "sgn"):
        return _exact_function(node.name, values)
    raise NotRational(kind)


_RATIONAL_KINDS = (
    "group neg add mixed mul div percent abs sqrt root floor ceil mod factorial double_factorial binomial based "
    "function"
)
_RATIONAL = frozenset(_RATIONAL_KINDS.split())


def _exact_function(name: str, values: list[Fraction]) -> Fraction:
    if name == "sgn":
        return Fraction((values[0] > 0) - (values[0] < 0))
    if name in ("max", "min"):
        return max(values) if name == "max" else min(values)
    if any(value.denominator != 1 for value in values):
        raise Undefined(f"{name} of what is no whole number")
    whole = [int(value) for value in values]
    return Fraction(math.gcd(*whole) if name == "gcd" else math.lcm(*whole))


def _based(name: str) -> int:
    """52_8 is 42."""
    digits, _, base = name.partition("_")
    if not base.isdigit() or not 2 <= int(base) <= 36 or not digits.isalnum():
        raise Undefined(f"no number in base {base}")
    try:
        return int(digits, int(base))
    except ValueError:
        raise Undefined(f"{digits} is no number in base {base}") from None


def _exact_power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        raise NotRational("a root")
    if base == 0 and exponent <= 0:
        raise Undefined("a power of zero")
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if base not in (0, 1, -1) and (bits - 1 or 1) * abs(exponent) > BITS_CAP:
        raise TooDear(f"a power of more than {BITS_CAP} bits")
    return base ** int(exponent)


def _exact_root(value: Fraction, degree: int = 2) -> Fraction:
    if degree == 0:
        raise Undefined("a zeroth root")
    if value < 0 and degree % 2:
        return -_exact_root(-value, degree)
    if value >= 0:
        root = Fraction(_whole_root(value.numerator, degree), _whole_root(value.denominator, degree))
        if root**degree == value:
            return root
    raise NotRational("a root")


def _whole_root(value: int, degree: int) -> int:
    """The largest n with n ** degree at most value."""
    if degree == 2:
        return math.isqrt(value)
    low, high = 0, 1 << (value.bit_length() // degree + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= value else (low, middle)
    return low


def residue(node: Node, at: Mapping[str, int], prime: int) -> int:
    """The value modulo a prime, with `at` for the symbols: for polynomials and rational functions of any size.

    Two that differ agree at a random point with a probability of at most degree / prime (Schwartz 1980, Zippel 1979).
    Raises NotRational for anything else, Undefined where a denominator is 0 there, TooDear.
    """
    kind = node.kind
    if kind == "number":
        return _divided(node.number.numerator, node.number.denominator, prime)
    if kind == "symbol":
        return at[node.name]
    if kind == "pow":
        exponent = exact(node.args[1], {}) if not symbols(node.args[1]) else None
        if exponent is None or exponent.denominator != 1:
            raise NotRational("a root")
        base = residue(node.args[0], at, prime)
        if exponent > 0:
            return pow(base, int(exponent), prime)
        if base == 0:
            raise Undefined("a power of zero")
        return pow(base, int(exponent), prime)
    if kind == "binomial" and symbols(node) and not symbols(node.args[1]):
        upper, lower = residue(node.args[0], at, prime), _small(node.args[1])
        return _divided(math.prod(upper - index for index in range(lower)), math.factorial(lower), prime)
    if kind not in ("group", "neg", "add", "mixed", "mul", "div", "percent"):
        if symbols(node):
            raise NotRational(kind)
        value = exact(node, {})
        return _divided(value.numerator, value.denominator, prime)
    values = [residue(arg, at, prime) for arg in node.args]
    if kind == "neg":
        return -values[0] % prime
    if kind in ("add", "mixed"):
        return (values[0] + values[1]) % prime
    if kind == "mul":
        return values[0] * values[1] % prime
    if kind == "div":
        return _divided(values[0], values[1], prime)
    return _divided(values[0], 100, prime) if kind == "percent" else values[0]


def _divided(over: int, under: int, prime: int) -> int:
    if under == 1:
        return over % prime
    if under % prime == 0:
        raise Undefined("division by zero")
    return over * pow(under, -1, prime) % prime


def _small(node: Node) -> int:
    """A whole number up to 20: below n, it makes of n over k a polynomial in n."""
    try:
        value = exact(node, {})
    except KeyError:
        raise NotRational("a variable below") from None
    if value.denominator != 1 or not 0 <= value <= 20:
        raise NotRational("a large number below")
    return int(value)


def _count(value: Fraction) -> int:
    if value.denominator != 1 or value < 0:
        raise Undefined("a factorial of no whole number")
    if value > COUNT_CAP:
        raise TooDear(f"a factorial or binomial beyond {COUNT_CAP}")
    return int(value)


@lru_cache(maxsize=1)
def _mp() -> Any:
    import mpmath  # type: ignore[import-untyped]

    context = mpmath.MPContext()
    context.dps = DIGITS
    return context


@contextmanager
def digits_for(*nodes: Node) -> Iterator[None]:
    r"""Works with as many digits as the numbers in these trees ask for, so that x + 10^{-90} is not taken for x."""
    context = _mp()
    context.dps = DIGITS + 2 * max(map(_stated_digits, nodes))
    try:
        yield
    finally:
        context.dps = DIGITS


def _stated_digits(node: Node) -> int:
    """Decimal digits of the longest number that is written there, powers of numbers included; 0 where all are short."""
    if node.kind in ("number", "pow", "factorial", "double_factorial", "binomial") and not symbols(node):
        try:
            value = exact(node, {})
        except (NotRational, Undefined):
            return max(map(_stated_digits, node.args), default=0)
        bits = max(value.numerator.bit_length(), value.denominator.bit_length())
        return bits * 3 // 10 if bits > 64 else 0
    return max(map(_stated_digits, node.args), default=0)


def approximate(node: Node, at: Mapping[str, Fraction]) -> Any:
    """The complex value to 80 digits (an mpmath number). Raises NotRational where there is none, Undefined, TooDear."""
    mp = _mp()
    kind = node.kind
    if kind == "number":
        return _ratio(node.number)
    if kind == "symbol":
        return _ratio(at[node.name])
    if kind == "constant":
        if node.name == "infinity":
            raise Undefined("infinity is no number")
        return {"pi": +mp.pi, "e": +mp.e, "i": mp.mpc(0, 1)}[node.name]
    if kind in ("factorial", "double_factorial", "binomial", "mod", "based"):
        return _ratio(exact(node, at))
    if kind not in _NUMERIC:
        raise NotRational(kind)
    values = [approximate(arg, at) for arg in node.args]
    if kind in _PLAIN:
        return _plain(kind, values)
    if kind == "degree":
        return values[0] * mp.pi / 180
    if kind == "sqrt":
        return mp.sqrt(values[0])
    if kind == "root":
        if values[1] == 0:
            raise Undefined("a zeroth root")
        root = _odd_root(Node("div", (Node("number", number=Fraction(1)), node.args[1])))
        if root and mp.im(values[0]) == 0 and mp.re(values[0]) < 0:
            return -_power(-values[0], 1 / values[1])
        return _power(values[0], 1 / values[1])
    if kind == "pow":
        root = _odd_root(node.args[1])
        if root and mp.im(values[0]) == 0 and mp.re(values[0]) < 0:  # x^{2/3} is real where the cube root of x is
            return (-1) ** root.numerator * _power(-values[0], values[1])
        return _power(values[0], values[1])
    if kind in ("floor", "ceil"):
        if mp.im(values[0]) != 0:
            raise Undefined(f"the {kind} of no real number")
        nearest = mp.nint(values[0])  # 80 digits of a whole number may lie just below it
        if close(nearest, values[0]):
            return nearest
        return mp.floor(values[0]) if kind == "floor" else mp.ceil(values[0])
    return _function(node.name, values)


_NUMERIC_KINDS = "group neg add mixed mul div percent degree abs floor ceil sqrt root pow function"
_NUMERIC = frozenset(_NUMERIC_KINDS.split())


def _odd_root(exponent: Node) -> Fraction | None:
    """The exponent, where it is a fraction with an odd denominator above 1: roots that negative numbers have, too."""
    if symbols(exponent):
        return None
    try:
        value = exact(exponent, {})
    except (NotRational, Undefined):
        return None
    return value if value.denominator % 2 and value.denominator > 1 else None


def _ratio(value: Fraction) -> Any:
    return _mp().mpf(value.numerator) / value.denominator


def _power(base: Any, exponent: Any) -> Any:
    mp = _mp()
    if base == 0:
        if mp.re(exponent) <= 0:
            raise Undefined("a power of zero")
        return mp.mpf(0)
    if exponent != 0 and mp.mag(exponent) > 60:
        raise TooDear("a huge exponent")
    if (abs(mp.mag(base)) + 1) * abs(exponent) > MAGNITUDE_CAP:
        raise TooDear("a huge power")
    return mp.power(base, exponent)


def _function(name: str, values: list[Any]) -> Any:
    mp = _mp()
    value = values[0]
    if value != 0 and mp.mag(value) > (16 if name == "exp" else 1_000):
        raise TooDear("a function of a huge number")
    try:
        if name in ("ln", "log", "lg"):
            base = values[1] if len(values) > 1 else mp.mpf(10)
            return mp.ln(value) if name == "ln" else mp.ln(value) / mp.ln(base)
        if name in ("max", "min"):
            if any(mp.im(each) != 0 for each in values):
                raise Undefined(f"the {name} of no real numbers")
            return max(values) if name == "max" else min(values)
        if name in ("gcd", "lcm"):
            raise NotRational(name)
        if name in ("Re", "Im", "sgn"):
            return {"Re": mp.re, "Im": mp.im, "sgn": mp.sign}[name](value)
        return getattr(mp, f"a{name[3:]}" if name.startswith("arc") else name)(value)
    except (ZeroDivisionError, ValueError):
        raise Undefined(f"{name} has no value there") from None


def close(a: Any, b: Any) -> bool:
    """Equal to half of the digits that are worked with; what is zero to three quarters of them is zero, since terms that
    cancel leave such noise."""
    mp = _mp()
    if mp.isnan(a) or mp.isnan(b):
        return False
    scale = max(abs(a), abs(b))
    return bool(abs(a - b) <= scale * mp.mpf(10) ** -(mp.dps // 2) or scale < mp.mpf(10) ** -(mp.dps * 3 // 4))


def to_real(node: Node) -> Any:
    """A real number to 80 digits; infinity is one here. Raises NotRational, Undefined, TooDear."""
    if node.kind == "constant" and node.name == "infinity":
        return _mp().inf
    if node.kind in ("neg", "group"):
        inner = to_real(node.args[0])
        return -inner if node.kind == "neg" else inner
    if symbols(node):
        raise NotRational("a variable")
    value = approximate(node, {})
    if _mp().im(value) != 0:
        raise Undefined("no real number")
    return _mp().re(value)


@lru_cache(maxsize=4096)
def prime_for(text: str) -> int:
    """A prime of 127 bits that a text decides: the same one always, and none that an answer could be built around."""
    start = int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest())
    number = (start | 1 << 126 | 1) & ((1 << 127) - 1)
    while not _is_prime(number):
        number += 2
    return number


_BASES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)


def _is_prime(number: int) -> bool:
    """Miller-Rabin; nobody chose the number, so that a dozen bases leave no doubt worth a name."""
    if any(number % base == 0 for base in _BASES):
        return number in _BASES
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in _BASES:
        power = pow(base, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def to_fraction(value: Any) -> Fraction | None:
    """A number of mpmath's as the fraction that it is; None where it is not real."""
    mp = _mp()
    if mp.im(value) != 0 and not close(value, mp.re(value)):
        return None
    sign, mantissa, exponent, _ = mp.re(value)._mpf_
    size = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return -size if sign else size
