"""Arithmetic in plain text. Levels 1 to 7 are small (from 162 problems of level 1 to some ten thousands); level 8 has
billions. Problems that differ only in the order of a sum or a product (3 + 4 and 4 + 3) share a unit."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

NAMES = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}


@dataclass(frozen=True)
class Expression:
    """An operation, or a number as it is written (`sign` is empty then)."""

    sign: str
    text: str  # without blanks
    shown: str
    key: str  # the same for a + b - c and b - c + a
    value: Fraction
    parts: tuple[str, ...] = ()  # signed terms of a sum, factors of a product


@dataclass(frozen=True)
class Sum:
    """A problem of arithmetic: its expression, the answer in plain text, and what is practised."""

    whole: Expression
    answer: str
    kind: str


def leaf(text: str) -> Expression:
    bare = text.strip("()")
    return Expression("", bare, text, bare, Fraction(bare))


def join(sign: str, left: Expression, right: Expression) -> Expression:
    strong = sign in "*/"
    a = f"({left.text})" if left.sign in ("+", "-") and strong else left.text
    b = f"({right.text})" if right.sign in ("+", "-") and (strong or sign == "-") else right.text
    shown_a = f"({left.shown})" if a != left.text else left.shown
    shown_b = f"({right.shown})" if b != right.text else right.shown
    x, y = left.value, right.value
    value = x + y if sign == "+" else x - y if sign == "-" else x * y if sign == "*" else x / y
    if sign == "*":
        parts = [part for side in (left, right) for part in (side.parts if side.sign == "*" else (side.key,))]
    elif sign == "/":
        return Expression(sign, f"{a}{sign}{b}", f"{shown_a} {sign} {shown_b}", f"({left.key}/{right.key})", value)
    else:
        parts = [*_terms(left), *(_negated(term) if sign == "-" else term for term in _terms(right))]
    parts.sort()
    key = "(" + ("*" if sign == "*" else "").join(parts) + ")"
    return Expression(sign, f"{a}{sign}{b}", f"{shown_a} {sign} {shown_b}", key, value, tuple(parts))


def _terms(side: Expression) -> tuple[str, ...]:
    return side.parts if side.sign in ("+", "-") else (f"+{side.key}",)


def _negated(term: str) -> str:
    return {"+": "-", "-": "+"}[term[0]] + term[1:]


def _bracketed(number: int, first: bool = False) -> str:
    return str(number) if number >= 0 or first else f"({number})"


def _whole(expression: Expression, kind: str) -> Sum:
    return Sum(expression, str(expression.value), kind)


def one_step(sign: str, a: int, b: int, exact: bool) -> Sum | None:
    """None where a quotient has no value. With `exact` a quotient is a whole number: (a * b) / b."""
    if sign == "/" and exact:
        if b == 0:
            return None
        a = a * b
    return _whole(join(sign, leaf(_bracketed(a, first=True)), leaf(_bracketed(b))), NAMES[sign])


def two_steps(draw: random.Random, numbers: Sequence[int], operations: Sequence[str]) -> Sum:
    a, b, c = (leaf(_bracketed(draw.choice(numbers))) for _ in range(3))
    first, second = draw.choice(operations), draw.choice(operations)
    whole = join(second, join(first, a, b), c) if draw.random() < 0.5 else join(first, a, join(second, b, c))
    return _whole(whole, "mixed")


def fractions(draw: random.Random, operations: Sequence[str]) -> Sum:
    """Two fractions, or two decimals of one place."""
    sign = draw.choice(operations)
    if draw.random() < 0.5:
        return _whole(join(sign, _fraction(draw, 12), _fraction(draw, 12)), "fraction")
    whole = join(sign, *(leaf(_decimal(Fraction(draw.randint(1, 99), 10))) for _ in range(2)))
    return Sum(whole, _decimal(whole.value), "decimal")


def _fraction(draw: random.Random, most: int) -> Expression:
    under = draw.randint(2, most)
    over = draw.choice([number for number in range(1, under) if math.gcd(number, under) == 1])
    return leaf(f"{over}/{under}")


def _decimal(value: Fraction) -> str:
    """Exact, for at most two places."""
    hundredths = int(abs(value) * 100)
    text = f"{hundredths // 100}.{hundredths % 100:02}".rstrip("0").rstrip(".")
    return f"-{text}" if value < 0 else text


def _long(draw: random.Random, operations: Sequence[str]) -> Sum:
    """Sums of numbers up to 999,999, products and exact quotients of numbers up to 9,999."""
    sign = draw.choice(operations)
    if sign in "+-":
        a, b = draw.randint(1_000, 999_999), draw.randint(1_000, 999_999)
    else:
        a, b = draw.randint(100, 9_999), draw.randint(12, 999)
    found = one_step(sign, a, b, exact=True)
    assert found is not None  # b > 0
    return Sum(found.whole, found.answer, f"long-{found.kind}")


def _steps(draw: random.Random, operations: Sequence[str]) -> Sum:
    """Three or four operations on numbers up to 60, two of them at most products."""
    count = draw.randint(3, 4)
    signs = [draw.choice(operations) for _ in range(count)]
    weak = [sign for sign in operations if sign in "+-"]
    for place in range(2, count):
        if signs[place] == "*" and weak:
            signs[place] = draw.choice(weak)
    draw.shuffle(signs)
    return _whole(_tree(draw, signs, [leaf(str(draw.randint(2, 60))) for _ in range(count + 1)]), "steps")


def _three_fractions(draw: random.Random, operations: Sequence[str]) -> Sum:
    signs = [draw.choice(operations) for _ in range(2)]
    return _whole(_tree(draw, signs, [_fraction(draw, 20) for _ in range(3)]), "three-fractions")


def _tree(draw: random.Random, signs: Sequence[str], numbers: Sequence[Expression]) -> Expression:
    """Joins the numbers in their order, bracketed at random."""
    if not signs:
        return numbers[0]
    root = draw.randrange(len(signs))
    left = _tree(draw, signs[:root], numbers[: root + 1])
    return join(signs[root], left, _tree(draw, signs[root + 1 :], numbers[root + 1 :]))


_HARD: tuple[tuple[Callable[[random.Random, Sequence[str]], Sum], str], ...] = (
    (_long, "+-*/"),
    (_steps, "+-*"),
    (_three_fractions, "+-*"),
)


def hard(draw: random.Random, operations: Sequence[str]) -> Sum | None:
    """A problem of level 8; None where it has none with these operations."""
    able = [(make, known) for make, known in _HARD if set(known) & set(operations)]
    if not able:
        return None
    make, known = draw.choice(able)
    return make(draw, [sign for sign in operations if sign in known])
