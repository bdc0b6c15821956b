"""What every generator of problems is: a function that draws one problem of a level."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Drawn:
    """One problem.

    `unit` holds the numbers that make the problem and nothing of its wording and names: two problems of a kind with
    the same unit are the same one said twice, and must stay in one split. `answer` is LaTeX, or a plain number. `form`
    is what an answer must be besides being equal, where the question itself is equal to its answer.
    """

    unit: str
    question: str
    answer: str
    form: Literal["", "expanded", "factored"] = ""


@dataclass(frozen=True)
class Kind:
    """A sort of problem. `make(draw, level)` takes every random choice from `draw`, so a seed decides all of it."""

    name: str
    make: Callable[[random.Random, int], Drawn]
    levels: Sequence[int] = (1, 2, 3, 4, 5)


def key(*numbers: object) -> str:
    """A unit from numbers, lists of them and lists of lists: `key(3, [1, 2], [[5, 6], [7, 8]])` is `3:1,2:5;6,7;8`."""
    return _joined(numbers, ":,;")


def _joined(value: object, separators: str) -> str:
    if isinstance(value, tuple | list):
        return separators[0].join(_joined(one, separators[1:]) for one in value)
    return str(value)


def nonzero(draw: random.Random, limit: int) -> int:
    """A whole number from -limit to limit, not 0."""
    return draw.choice((-1, 1)) * draw.randint(1, limit)


def distinct(draw: random.Random, numbers: Iterable[int], count: int) -> list[int]:
    """Different ones of `numbers`, in ascending order."""
    return sorted(draw.sample(list(numbers), count))
