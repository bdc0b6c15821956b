"""How an answer is written, apart from what it is worth: literals with their stated digits, evaluated or not, expanded
or factored."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Literal, NamedTuple

from verirl_tasks.math.tree import UNEVALUATED, Node, bare, contains, symbols
from verirl_tasks.math.values import NotRational, Undefined, exact

EXPONENT_CAP = 1_000
STATED = 100  # a decimal gold has a tolerance from this many units of its last digit on: three digits
ROUNDED = 10_000  # a decimal answer may be rounded from this many on: five digits

Form = Literal["any", "evaluated", "expanded", "factored"]


class Number(NamedTuple):
    """What is written as one number. `style`: number, fraction, mixed, percent or scientific. `unit`: what its last digit
    counts, for decimals; None where it is exact."""

    value: Fraction
    style: str
    unit: Fraction | None = None


def literal(node: Node) -> Number | None:
    """The number that is written there, if it is one number and no sum to be worked out."""
    node = bare(node)
    kind = node.kind
    if kind == "number":
        return Number(node.number, "number", _last_digit(node.name))
    if kind == "neg":
        inner = literal(node.args[0])
        return None if inner is None else inner._replace(value=-inner.value)
    if kind == "percent":
        inner = literal(node.args[0])
        if inner is None or inner.style not in ("number", "fraction", "mixed"):
            return None
        return Number(inner.value / 100, "percent", inner.unit / 100 if inner.unit else None)
    if kind == "div":
        over, under = (literal(arg) for arg in node.args)
        if over is None or under is None or under.value == 0:
            return None
        whole = all(part.style == "number" and part.value.denominator == 1 for part in (over, under))
        return Number(over.value / under.value, "fraction") if whole else None
    if kind == "mixed":
        return Number(exact(node, {}), "mixed")
    if kind == "mul" and bare(node.args[1]).kind == "pow":
        return _scientific(node)
    return None


def _scientific(node: Node) -> Number | None:
    mantissa, (ten, power) = literal(node.args[0]), bare(node.args[1]).args
    shift, base = literal(power), literal(ten)
    if mantissa is None or shift is None or base is None or base.value != 10 or base.style != "number":
        return None
    if not 1 <= abs(mantissa.value) < 10 or shift.value.denominator != 1 or abs(shift.value) > EXPONENT_CAP:
        return None
    size = Fraction(10) ** int(shift.value)
    return Number(mantissa.value * size, "scientific", (mantissa.unit or Fraction(1)) * size)


def _last_digit(text: str) -> Fraction | None:
    """0.01 for 3.14, 1000 for 1.5e4; None for a whole number."""
    mantissa, marked, exponent = text.partition("e") if "e" in text else text.partition("E")
    if not text or not (marked or "." in mantissa):
        return None
    decimals = len(mantissa.partition(".")[2])
    return Fraction(10) ** (int(exponent or 0) - decimals)


def within_stated_digits(gold: Number, value: Fraction) -> bool:
    """Whether a value rounds to a decimal gold. Integers, fractions and decimals of one or two digits are exact."""
    if gold.unit is None or abs(gold.value) < STATED * gold.unit:
        return False
    if gold.value.denominator == 1 and gold.style != "scientific" and gold.unit < 1:
        return False  # 19.0
    return abs(value - gold.value) * 2 <= gold.unit


def rounded_from(answer: Number, value: Fraction) -> bool:
    """Whether a decimal answer of five digits or more is a value rounded or cut off, where no decimal could be exact."""
    if answer.unit is None or abs(answer.value) < ROUNDED * answer.unit:
        return False
    return abs(answer.value - value) <= answer.unit


def terminates(value: Fraction) -> bool:
    """Whether a fraction is a decimal that ends."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def unevaluated(node: Node, gold: Node) -> bool:
    """Whether there is an operation left to be done that the gold answer does not have."""
    return contains(node, UNEVALUATED) and not contains(gold, UNEVALUATED)


def mismatch(form: Form, gold: Node, answer: Node) -> str | None:
    """Why an equal answer has not the form that was asked for."""
    if form == "expanded" and not _is_expanded(bare(answer)):
        return "not expanded"
    if form == "factored" and _factors(bare(answer)) < _factors(bare(gold)):
        return "not factored"
    return None


def _is_expanded(node: Node) -> bool:
    """A sum of different monomials, with one number in front of each."""
    shapes = [_monomial(term) for term in _terms(node)]
    return None not in shapes and len(set(shapes)) == len(shapes)


def _terms(node: Node) -> list[Node]:
    node = bare(node)
    if node.kind == "add":
        return [term for arg in node.args for term in _terms(arg)]
    if node.kind == "neg":
        return _terms(node.args[0])
    return [node]


def _monomial(node: Node) -> frozenset[tuple[str, int]] | None:
    powers: Counter[str] = Counter()
    numbers = 0
    stack = [node]
    while stack:
        part = bare(stack.pop())
        if part.kind == "mul":
            stack += part.args
        elif part.kind == "symbol":
            powers[part.name] += 1
        elif part.kind == "pow" and bare(part.args[0]).kind == "symbol":
            exponent = literal(part.args[1])
            if exponent is None or exponent.value.denominator != 1:
                return None
            powers[bare(part.args[0]).name] += int(exponent.value)
        elif part.kind == "div" and not symbols(part.args[1]) and literal(part) is None:
            stack += part.args
        elif literal(part) is not None:
            numbers += 1
        else:
            return None
    return None if numbers > 2 else frozenset(powers.items())


def _factors(node: Node) -> int:
    """How many factors hold a variable, powers counted."""
    node = bare(node)
    if node.kind in ("mul",):
        return sum(_factors(arg) for arg in node.args)
    if node.kind in ("neg",):
        return _factors(node.args[0])
    if node.kind == "div":
        return _factors(node.args[0])
    if node.kind == "pow" and symbols(node.args[0]):
        try:
            exponent = exact(node.args[1], {})
        except (NotRational, Undefined, KeyError):
            return 1
        count = int(exponent) if exponent.denominator == 1 and exponent > 0 else 1
        return count * _factors(node.args[0])
    return 1 if symbols(node) else 0
