r"""Gold answers of every kind, each with answers that are certainly equal to it, certainly different, or a matter of policy.

What makes a label certain is how the answer was made, not a comparison: a reordered sum, a changed last digit. Every
function takes the random numbers to draw from and returns one gold.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

Draw = random.Random
SQUARE_FREE = (2, 3, 5, 6, 7, 10, 11, 13, 14, 15, 17, 19, 21, 22, 23, 26, 29, 30)
VARIABLES = "xyzabmnpqrtuvw"


@dataclass(frozen=True)
class Answer:
    """`same`: whether it equals the gold; None is a matter of policy. `worked_out`: nothing is left to evaluate."""

    change: str
    text: str
    same: bool | None
    worked_out: bool = True


@dataclass
class Gold:
    kind: str
    text: str
    answers: list[Answer] = field(default_factory=list)

    def same(self, **texts: str) -> None:
        self.answers += [Answer(change, text, True) for change, text in texts.items()]

    def unevaluated(self, **texts: str) -> None:
        """Equal, but an answer that repeats the question looks like this."""
        self.answers += [Answer(change, text, True, worked_out=False) for change, text in texts.items()]

    def other(self, **texts: str) -> None:
        self.answers += [Answer(change, text, False) for change, text in texts.items()]

    def policy(self, **texts: str) -> None:
        self.answers += [Answer(change, text, None) for change, text in texts.items()]


def frac(value: Fraction, command: str = r"\frac") -> str:
    if value.denominator == 1:
        return str(value.numerator)
    sign = "-" if value < 0 else ""
    return f"{sign}{command}{{{abs(value.numerator)}}}{{{value.denominator}}}"


def term(coefficient: int, rest: str, first: bool = False) -> str:
    """` + 3x` or, at the start of a sum, `3x`; the coefficient 1 is not written."""
    if coefficient == 0:
        return ""
    sign = ("-" if coefficient < 0 else "") if first else (" - " if coefficient < 0 else " + ")
    size = abs(coefficient)
    return f"{sign}{rest if size == 1 and rest else f'{size}{rest}'}"


def total(terms: Sequence[tuple[int, str]]) -> str:
    """The sum of coefficient * rest, in the order given."""
    kept = [(coefficient, rest) for coefficient, rest in terms if coefficient]
    return "".join(term(c, rest, first=index == 0) for index, (c, rest) in enumerate(kept)) or "0"


def power(variable: str, exponent: int) -> str:
    if exponent == 0:
        return ""
    return variable if exponent == 1 else f"{variable}^{{{exponent}}}" if exponent > 9 else f"{variable}^{exponent}"


def nonzero(draw: Draw, low: int, high: int) -> int:
    return draw.choice([number for number in range(low, high + 1) if number])


def proper(draw: Draw) -> Fraction:
    """A fraction that is no whole number and no terminating decimal."""
    while True:
        value = Fraction(nonzero(draw, -40, 40), draw.choice((3, 6, 7, 9, 11, 12, 13, 14, 15)))
        if value.denominator not in (1, 2, 4, 5, 8, 10):
            return value


def others(draw: Draw, members: Sequence[int]) -> int:
    return draw.choice([number for number in range(-30, 60) if number not in members])


def grouped(number: int, mark: str) -> str:
    return f"{number:,}".replace(",", mark)


def decimal_text(value: Fraction) -> str:
    """Exactly; the denominator must divide a power of ten."""
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
    scaled = abs(value.numerator * 10**digits // value.denominator)
    tail = f".{scaled % 10**digits:0{digits}d}" if digits else ""
    return f"{'-' if value < 0 else ''}{scaled // 10**digits}{tail}"


def members(draw: Draw, size: int) -> list[int]:
    return draw.sample(range(-20, 40), size)
