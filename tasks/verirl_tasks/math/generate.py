"""Generated problems, in seven levels. Two problems that differ only in the order of a sum or a product (3 + 4 and
4 + 3) form one unit, and a unit lies in one split: held-out problems are new, not turned around."""

from __future__ import annotations

import hashlib
import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from verirl.types import SPLITS, Split
from verirl_tasks.math.words import word_problem

LEVELS = (1, 2, 3, 4, 5, 6, 7)
HELD_OUT = {"test": Fraction(9, 20), "validation": Fraction(1, 10)}  # most of a small space that a split may take
_RANGES = {1: (1, 9), 2: (1, 20), 3: (10, 99), 4: (2, 20), 5: (1, 20)}
_OPERATIONS = {1: "+-", 2: "+-", 3: "+-", 4: "*/", 5: "+-*", 7: "+-*"}
_NAMES = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}
_LARGE = 1_000_000  # spaces beyond this are drawn from, smaller ones listed whole


@dataclass(frozen=True)
class Generated:
    """A problem: `unit` is the same for those that must stay in one split."""

    id: str
    unit: str
    question: str
    answer: str
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Space:
    """What may be generated. `low` and `high` bound the operands of levels 1 to 5; None: the level's own bounds."""

    levels: tuple[int, ...]
    sizes: tuple[int, int, int]  # train, validation, test
    seed: int = 0
    low: int | None = None
    high: int | None = None
    operations: str | None = None  # some of + - * /; None: the level's own
    negative: bool = True  # whether an answer may be below zero


def generate(space: Space) -> dict[Split, list[Generated]]:
    """The problems of every split, the levels by turns, in a fixed random order.

    A split gets fewer than asked where a level has not that many problems: then test takes at most nine
    twentieths of them and validation a tenth.
    """
    seen: set[str] = set()  # units of the levels before: level 2 has all of level 1's problems
    by_level: list[dict[Split, list[Generated]]] = []
    for place, level in enumerate(space.levels):
        sizes = [size // len(space.levels) + (place < size % len(space.levels)) for size in space.sizes]
        by_level.append(_one_level(space, level, dict(zip(SPLITS, sizes, strict=True)), seen))
    result: dict[Split, list[Generated]] = {}
    for split in SPLITS:
        turns = itertools.zip_longest(*(splits[split] for splits in by_level))
        result[split] = [problem for turn in turns for problem in turn if problem is not None]
    return result


def _one_level(space: Space, level: int, sizes: dict[Split, int], seen: set[str]) -> dict[Split, list[Generated]]:
    units: dict[str, list[Generated]] = {}
    wanted = sum(sizes.values())
    count = 0
    for problem in _stream(space, level, wanted):
        twins = units.setdefault(problem.unit, [])
        if problem.unit not in seen and all(problem.id != twin.id for twin in twins):
            twins.append(problem)
            count += 1
    seen.update(units)
    if count < wanted:
        sizes = {split: min(size, int(count * HELD_OUT.get(split, 1))) for split, size in sizes.items()}

    def rank(unit: str) -> bytes:
        return hashlib.blake2b(f"{space.seed} {unit}".encode(), digest_size=16).digest()

    queue = iter(sorted((unit for unit, twins in units.items() if twins), key=rank))
    result: dict[Split, list[Generated]] = {}
    for split in reversed(SPLITS):  # test first
        found: list[Generated] = []
        while len(found) < sizes[split] and (unit := next(queue, None)) is not None:
            found += units[unit]
        # A twin too many is dropped, not passed on to another split.
        result[split] = found[: sizes[split]]
    return result


def _stream(space: Space, level: int, wanted: int) -> Iterator[Generated]:
    """What `_unfiltered` gives, without answers that the space leaves out."""
    for problem in _unfiltered(space, level, wanted if space.negative else 2 * wanted):
        if space.negative or not problem.answer.startswith("-"):
            yield problem


def _unfiltered(space: Space, level: int, wanted: int) -> Iterator[Generated]:
    """Every problem of a small level, repeats included; some more than are wanted, at random, of a large one."""
    operations = [sign for sign in _OPERATIONS.get(level, "") if space.operations is None or sign in space.operations]
    low, high = _RANGES.get(level, (0, 0))
    numbers = range(low if space.low is None else space.low, (high if space.high is None else space.high) + 1)
    if level != 6 and not (operations and numbers):
        return
    if level <= 4 and len(numbers) ** 2 * len(operations) <= _LARGE:
        for sign, a, b in itertools.product(operations, numbers, numbers):
            yield from _one_step(level, sign, a, b)
        return
    draw = random.Random(f"{space.seed} {level}")
    drawn: set[str] = set()
    for _ in range(10 * wanted + 1_000):
        if level <= 4:
            found = _one_step(level, draw.choice(operations), draw.choice(numbers), draw.choice(numbers))
        elif level == 5:
            found = [_two_steps(draw, numbers, operations)]
        elif level == 6:
            unit, question, answer = word_problem(draw)
            found = [Generated(f"gen-6-{unit}", unit, question, str(answer), ("level-6", "word"))]
        else:
            found = [_fractions(draw, operations)]
        drawn.update(problem.id for problem in found)
        yield from found
        if len(drawn) > wanted + wanted // 10 + 20:  # some are twins, or belong to a level before
            return


@dataclass(frozen=True)
class _Sum:
    """An operation, or a number as it is written (`sign` is empty then)."""

    sign: str
    text: str  # without blanks
    shown: str
    key: str  # the same for a + b - c and b - c + a
    value: Fraction
    parts: tuple[str, ...] = ()  # signed terms of a sum, factors of a product


def _leaf(text: str) -> _Sum:
    bare = text.strip("()")
    return _Sum("", bare, text, bare, Fraction(bare))


def _join(sign: str, left: _Sum, right: _Sum) -> _Sum:
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
        return _Sum(sign, f"{a}{sign}{b}", f"{shown_a} {sign} {shown_b}", f"({left.key}/{right.key})", value)
    else:
        parts = [*_terms(left), *(_negated(term) if sign == "-" else term for term in _terms(right))]
    parts.sort()
    key = "(" + ("*" if sign == "*" else "").join(parts) + ")"
    return _Sum(sign, f"{a}{sign}{b}", f"{shown_a} {sign} {shown_b}", key, value, tuple(parts))


def _terms(side: _Sum) -> tuple[str, ...]:
    return side.parts if side.sign in ("+", "-") else (f"+{side.key}",)


def _negated(term: str) -> str:
    return {"+": "-", "-": "+"}[term[0]] + term[1:]


def _problem(level: int, whole: _Sum, answer: str, kind: str) -> Generated:
    return Generated(
        f"gen-{level}-{whole.text}", whole.key, f"What is {whole.shown}?", answer, (f"level-{level}", kind)
    )


def _one_step(level: int, sign: str, a: int, b: int) -> list[Generated]:
    """One problem, or none where a quotient has no value. Quotients are exact: (a * b) / b."""
    if sign == "/" and level == 4:
        if b == 0:
            return []
        a = a * b
    whole = _join(sign, _leaf(_bracketed(a, first=True)), _leaf(_bracketed(b)))
    return [_problem(level, whole, str(whole.value), _NAMES[sign])]


def _bracketed(number: int, first: bool = False) -> str:
    return str(number) if number >= 0 or first else f"({number})"


def _two_steps(draw: random.Random, numbers: Sequence[int], operations: Sequence[str]) -> Generated:
    a, b, c = (_leaf(_bracketed(draw.choice(numbers))) for _ in range(3))
    first, second = draw.choice(operations), draw.choice(operations)
    whole = _join(second, _join(first, a, b), c) if draw.random() < 0.5 else _join(first, a, _join(second, b, c))
    return _problem(5, whole, str(whole.value), "mixed")


def _fractions(draw: random.Random, operations: Sequence[str]) -> Generated:
    sign = draw.choice(operations)
    if draw.random() < 0.5:
        operands = []
        for _ in range(2):
            under = draw.randint(2, 12)
            over = draw.choice([number for number in range(1, under) if math.gcd(number, under) == 1])
            operands.append(_leaf(f"{over}/{under}"))
        whole = _join(sign, *operands)
        return _problem(7, whole, str(whole.value), "fraction")
    whole = _join(sign, *(_leaf(_decimal(Fraction(draw.randint(1, 99), 10))) for _ in range(2)))
    return _problem(7, whole, _decimal(whole.value), "decimal")


def _decimal(value: Fraction) -> str:
    """Exact, for at most two places."""
    hundredths = int(abs(value) * 100)
    text = f"{hundredths // 100}.{hundredths % 100:02}".rstrip("0").rstrip(".")
    return f"-{text}" if value < 0 else text
