"""Works out what a tree is worth: exactly, as a Fraction, or to 80 digits with mpmath (imported when first needed).

Every step that could grow is measured before it is taken; what would be too dear raises TooDear. Nothing here can run
long: powers, factorials and binomials are bounded by the bits of their result.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from verirl_tasks.math.parse import Node, TooDear

BITS_CAP = 20_000  # of a numerator and a denominator together
COUNT_CAP = 1_000  # of n in n! and in n over k
MAGNITUDE_CAP = 100_000  # of a binary exponent
DIGITS = 80


class NotRational(ValueError):
    """The value is no rational number, or it is not known to be one."""


class Undefined(ValueError):
    """There is no such value: 1/0."""


def symbols(node: Node) -> frozenset[str]:
    found = frozenset({node.name}) if node.kind == "symbol" else frozenset()
    return found.union(*(symbols(arg) for arg in node.args))


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
    values = [exact(arg, at) for arg in node.args]
    if kind == "group":
        return values[0]
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
    if kind == "abs":
        return abs(values[0])
    if kind == "sqrt":
        return _exact_root(values[0])
    if kind == "factorial":
        return Fraction(math.factorial(_count(values[0])))
    if kind == "binomial":
        return Fraction(math.comb(_count(values[0]), _count(values[1])))
    raise NotRational(kind)


def _exact_power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        raise NotRational("a root")
    if base == 0 and exponent <= 0:
        raise Undefined("a power of zero")
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if base not in (0, 1, -1) and (bits - 1 or 1) * abs(exponent) > BITS_CAP:
        raise TooDear(f"a power of more than {BITS_CAP} bits")
    return base ** int(exponent)


def _exact_root(value: Fraction) -> Fraction:
    if value >= 0:
        root = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
        if root * root == value:
            return root
    raise NotRational("a root")


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


def approximate(node: Node, at: Mapping[str, Fraction]) -> Any:
    """The complex value to 80 digits (an mpmath number). Raises NotRational where there is none, Undefined, TooDear."""
    mp = _mp()
    kind = node.kind
    if kind == "number":
        return _ratio(node.number)
    if kind == "symbol":
        return _ratio(at[node.name])
    if kind == "constant":
        return {"pi": +mp.pi, "e": +mp.e, "i": mp.mpc(0, 1)}[node.name]
    if kind in ("factorial", "binomial"):
        return _ratio(exact(node, at))
    values = [approximate(arg, at) for arg in node.args]
    if kind == "group":
        return values[0]
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
    if kind == "degree":
        return values[0] * mp.pi / 180
    if kind == "abs":
        return abs(values[0])
    if kind == "sqrt":
        return mp.sqrt(values[0])
    if kind == "root":
        if values[1] == 0:
            raise Undefined("a zeroth root")
        if values[1] == 3 and mp.im(values[0]) == 0 and mp.re(values[0]) < 0:
            return -mp.cbrt(-values[0])
        return _power(values[0], 1 / values[1])
    if kind == "pow":
        return _power(values[0], values[1])
    if kind == "function":
        return _function(node.name, values)
    raise NotRational(kind)


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
        if name in ("ln", "log"):
            base = values[1] if len(values) > 1 else mp.mpf(10)
            return mp.ln(value) if name == "ln" else mp.ln(value) / mp.ln(base)
        return getattr(mp, {"arcsin": "asin", "arccos": "acos", "arctan": "atan"}.get(name, name))(value)
    except (ZeroDivisionError, ValueError):
        raise Undefined(f"{name} has no value there") from None


def close(a: Any, b: Any) -> bool:
    """Equal to 40 of the 80 digits; 60 zeros after the point are zero, since terms that cancel leave such noise."""
    scale = max(abs(a), abs(b))
    mp = _mp()
    return bool(abs(a - b) <= scale * mp.mpf(10) ** -40 or scale < mp.mpf(10) ** -60)
