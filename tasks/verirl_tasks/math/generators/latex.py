"""Writes numbers, polynomials, sets and intervals as LaTeX, in the form that people write: `2x - 3`, not `2x + -3`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

Number = int | Fraction


def number(value: Number) -> str:
    r"""`-\frac{3}{4}`, or `5`."""
    value = Fraction(value)
    if value.denominator == 1:
        return str(value.numerator)
    return f"{'-' if value < 0 else ''}\\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def term_sum(terms: Iterable[tuple[Number, str]]) -> str:
    """A sum of coefficients times symbols (an empty symbol: the coefficient alone). Terms that are zero are left out."""
    text = ""
    for coefficient, symbol in terms:
        if coefficient == 0:
            continue
        positive = -coefficient if coefficient < 0 else coefficient
        size = "" if positive == 1 and symbol else number(positive)
        sign = (" - " if coefficient < 0 else " + ") if text else ("-" if coefficient < 0 else "")
        text += f"{sign}{size}{symbol}"
    return text or "0"


def power(base: str, exponent: int) -> str:
    """`x^3`; `x` for 1 and nothing for 0, as a factor of a term."""
    if exponent == 0:
        return ""
    digits = str(exponent)
    return base if exponent == 1 else f"{base}^{digits}" if len(digits) == 1 else f"{base}^{{{digits}}}"


def polynomial(coefficients: Sequence[Number], variable: str = "x") -> str:
    """From the coefficients, highest power first."""
    top = len(coefficients) - 1
    return term_sum((c, power(variable, top - place)) for place, c in enumerate(coefficients))


def factor(coefficients: Sequence[Number], variable: str = "x") -> str:
    """A polynomial as a factor of a product: in brackets, except for a lone variable."""
    text = polynomial(coefficients, variable)
    return text if text == variable else f"({text})"


def bracketed(value: Number) -> str:
    """A number after an operation: negative ones in brackets."""
    return f"({number(value)})" if value < 0 else number(value)


def ordered(*values: Number) -> str:
    """`(1, -2)`."""
    return "(" + ", ".join(map(number, values)) + ")"


def finite_set(members: Iterable[str]) -> str:
    return "\\{" + ", ".join(members) + "\\}"


def interval(low: Number | None, high: Number | None, closed_low: bool, closed_high: bool) -> str:
    """None: without end on that side."""
    left = "(-\\infty" if low is None else ("[" if closed_low else "(") + number(low)
    right = "\\infty)" if high is None else number(high) + ("]" if closed_high else ")")
    return f"{left}, {right}"


def square_part(value: int) -> tuple[int, int]:
    """(k, d) with value = k * k * d and d free of squares, for a positive value."""
    outside, divisor = 1, 2
    while divisor * divisor <= value:
        while value % (divisor * divisor) == 0:
            value //= divisor * divisor
            outside *= divisor
        divisor += 1
    return outside, value


def surd(rational: int, outside: int, radicand: int, under: int = 1) -> str:
    r"""(rational + outside * sqrt(radicand)) / under in lowest terms, for a radicand > 1 that is free of squares."""
    shared = math.gcd(rational, outside, under)
    rational, outside, under = rational // shared, outside // shared, under // shared
    top = term_sum([(rational, ""), (outside, f"\\sqrt{{{radicand}}}")])
    if under == 1:
        return top
    if rational == 0 and outside < 0:
        return f"-\\frac{{{top[1:]}}}{{{under}}}"
    return f"\\frac{{{top}}}{{{under}}}"
