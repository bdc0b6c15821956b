"""Small functions, with constants to be filled in and with ways to get them wrong.

Each has a name, a sentence that says what it does, its source, what it must give (in Python, computed here and apart from the
source), faults as replacements in the source, and inputs. The faults are those that people make: a wrong operator, a bound
that is off by one, a forgotten case, two things the wrong way round.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Args = list[Any]


@dataclass(frozen=True)
class Function:
    name: str
    does: str
    source: str
    gives: Callable[..., Any]  # (*arguments, a, b)
    faults: tuple[tuple[str, str], ...]
    draw: Callable[[random.Random], Args]
    edges: Callable[[int, int], list[Args]]  # inputs on which the faults show


def _number(rng: random.Random) -> Args:
    return [rng.randint(-30, 60)]


def _numbers(rng: random.Random) -> Args:
    return [[rng.randint(-20, 40) for _ in range(rng.randint(0, 7))]]


def _word(rng: random.Random) -> Args:
    return ["".join(rng.choice("abcdeAB xy") for _ in range(rng.randint(0, 9)))]


FUNCTIONS = (
    Function(
        "clamp",
        "gives x, but {a} where x is below it and {b} where x is above it",
        "def clamp(x):\n    if x < {a}:\n        return {a}\n    if x > {b}:\n        return {b}\n    return x\n",
        lambda x, a, b: min(max(x, a), b),
        (("x < {a}", "x > {a}"), ("return {b}", "return {a}"), ("    if x > {b}:\n        return {b}\n", "")),
        _number,
        lambda a, b: [[a - 1], [a], [b], [b + 1]],
    ),
    Function(
        "count_above",
        "counts the numbers that are at least {a}",
        "def count_above(numbers):\n    count = 0\n    for n in numbers:\n        if n >= {a}:\n            count += 1\n    return count\n",
        lambda numbers, a, b: sum(n >= a for n in numbers),
        (("n >= {a}", "n > {a}"), ("count += 1", "count += n"), ("n >= {a}", "n <= {a}")),
        _numbers,
        lambda a, b: [[[a, a, a + 1]], [[a - 1]], [[a + 2, a + 3, a - 5]]],
    ),
    Function(
        "sum_multiples",
        "adds up the numbers that {a} divides",
        "def sum_multiples(numbers):\n    total = 0\n    for n in numbers:\n        if n % {a} == 0:\n            total += n\n    return total\n",
        lambda numbers, a, b: sum(n for n in numbers if n % a == 0),
        (("== 0", "!= 0"), ("total += n", "total = n"), ("n % {a}", "n // {a}")),
        _numbers,
        lambda a, b: [[[a, 2 * a, 1]], [[3 * a, a]], [[1, a + 1]]],
    ),
    Function(
        "last_index",
        "gives the last index at which {a} stands, and -1 where it does not",
        "def last_index(numbers):\n    found = -1\n    for i, n in enumerate(numbers):\n        if n == {a}:\n            found = i\n    return found\n",
        lambda numbers, a, b: max((i for i, n in enumerate(numbers) if n == a), default=-1),
        (("found = -1", "found = 0"), ("            found = i", "            return i"), ("found = i", "found = n")),
        _numbers,
        lambda a, b: [[[a, 1, a]], [[]], [[a - 1]], [[0, 0, a, a]]],
    ),
    Function(
        "total_price",
        "gives the price of n pieces at {a} each, and {b} less where n is 10 or more",
        "def total_price(n):\n    price = n * {a}\n    if n >= 10:\n        price -= {b}\n    return price\n",
        lambda n, a, b: n * a - (b if n >= 10 else 0),
        (("n >= 10", "n > 10"), ("price -= {b}", "price += {b}"), ("n * {a}", "n + {a}")),
        lambda rng: [rng.randint(0, 25)],
        lambda a, b: [[9], [10], [11], [3]],
    ),
    Function(
        "every_nth",
        "keeps the first number and every {a}th one after it",
        "def every_nth(numbers):\n    return [n for i, n in enumerate(numbers) if i % {a} == 0]\n",
        lambda numbers, a, b: numbers[::a],
        (("== 0", "== 1"), ("i % {a}", "n % {a}"), ("[n for i", "[i for i")),
        _numbers,
        lambda a, b: [[[7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]], [[a, 3 * a + 1]], [[5]]],
    ),
    Function(
        "shift_up",
        "adds {a} to every number, {b} to those below zero",
        "def shift_up(numbers):\n    return [n + {b} if n < 0 else n + {a} for n in numbers]\n",
        lambda numbers, a, b: [n + (b if n < 0 else a) for n in numbers],
        (("n < 0", "n > 0"), ("n + {b}", "n - {b}"), ("n < 0", "n <= 0")),
        _numbers,
        lambda a, b: [[[0, -1, 1]], [[-5, 5]]],
    ),
    Function(
        "shorten",
        "cuts a text after {a} characters and then puts a full stop; a text of at most {a} stays as it is",
        "def shorten(text):\n    if len(text) <= {a}:\n        return text\n    return text[:{a}] + '.'\n",
        lambda text, a, b: text if len(text) <= a else text[:a] + ".",
        (("len(text) <= {a}", "len(text) < {a}"), ("text[:{a}]", "text[{a}:]"), (" + '.'", "")),
        _word,
        lambda a, b: [["x" * a], ["abcdefghijklmnopqrstuvwxyz" * 3], ["x" * (a + 1)], [""]],
    ),
    Function(
        "digits_sum",
        "gives the sum of the decimal digits of n times {a}",
        "def digits_sum(n):\n    n = n * {a}\n    total = 0\n    while n > 0:\n        total += n % 10\n        n //= 10\n    return total\n",
        lambda n, a, b: sum(map(int, str(n * a))),
        (("n % 10", "n // 10"), ("n > 0", "n > 10"), ("total = 0", "total = 1")),
        lambda rng: [rng.randint(0, 500)],
        lambda a, b: [[0], [10], [7], [199]],
    ),
    Function(
        "largest_gap",
        "gives the largest difference between neighbours, at least {a}",
        "def largest_gap(numbers):\n    best = {a}\n    for i in range(1, len(numbers)):\n        gap = abs(numbers[i] - numbers[i - 1])\n        if gap > best:\n            best = gap\n    return best\n",
        lambda numbers, a, b: max([a, *(abs(x - y) for x, y in itertools.pairwise(numbers))]),
        (
            ("abs(numbers[i] - numbers[i - 1])", "numbers[i] - numbers[i - 1]"),
            ("gap > best", "gap < best"),
            ("range(1, len(numbers))", "range(2, len(numbers))"),
        ),
        _numbers,
        lambda a, b: [[[100, 0]], [[0, 90, 95]], [[]], [[5, 5 + a + 1]]],
    ),
)
