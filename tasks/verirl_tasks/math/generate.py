"""Generated problems in splits. What must not be told apart lies in one split: 4 + 3 is 3 + 4 turned around, and other
names or words do not make another problem. Each problem has a unit, the same for such twins, and a unit has one split."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from verirl.types import SPLITS, Split
from verirl_tasks.math.generators import ARITHMETIC, SUBJECTS, Subject, arithmetic
from verirl_tasks.math.generators.kind import Kind
from verirl_tasks.math.generators.words import word_problem

HARD = 8  # the level of arithmetic that is too large to be listed
HELD_OUT = {"test": Fraction(9, 20), "validation": Fraction(1, 10)}  # most of a small space that a split may take
_RANGES = {1: (1, 9), 2: (1, 20), 3: (10, 99), 4: (2, 20), 5: (1, 20)}
_OPERATIONS = {1: "+-", 2: "+-", 3: "+-", 4: "*/", 5: "+-*", 7: "+-*", HARD: "+-*/"}
_LARGE = 1_000_000  # spaces of arithmetic beyond this are drawn from, smaller ones listed whole


@dataclass(frozen=True)
class Generated:
    """A problem: `unit` is the same for those that must stay in one split."""

    id: str
    unit: str
    question: str
    answer: str
    tags: tuple[str, ...]
    form: str = ""  # see Drawn


@dataclass(frozen=True)
class Space:
    """What may be generated. `low` to `negative` are of arithmetic: `low` and `high` bound the operands of levels 1 to
    5; None: the level's own bounds."""

    levels: tuple[int, ...]
    sizes: tuple[int, int, int]  # train, validation, test
    seed: int = 0
    low: int | None = None
    high: int | None = None
    operations: str | None = None  # some of + - * /; None: the level's own
    negative: bool = True  # whether an answer may be below zero
    subjects: tuple[Subject, ...] = (ARITHMETIC,)


Splits = dict[Split, list[Generated]]


def generate(space: Space) -> Splits:
    """The problems of every split, the subjects and levels by turns, in a fixed random order.

    A split gets fewer than asked where a level has not that many problems. Of the small levels of arithmetic test then
    takes at most nine twentieths and validation a tenth. The large spaces (all others) are divided once for all: a
    unit's split is the hash of the unit, so what is held out under one config is not trained on under another.
    """
    seen: set[str] = set()  # units of the levels before: level 2 has all of level 1's problems
    cells = list(itertools.product(space.subjects, space.levels))
    found: list[Splits] = []
    for place, (subject, level) in enumerate(cells):
        shares = [size // len(cells) + (place < size % len(cells)) for size in space.sizes]
        sizes: dict[Split, int] = dict(zip(SPLITS, shares, strict=True))
        if subject == ARITHMETIC and level < HARD:
            found.append(_small(space, level, sizes, seen))
        else:
            draw_one = _hard_arithmetic(space) if subject == ARITHMETIC else _one_of(subject, level)
            found.append(_large(draw_one, random.Random(f"{space.seed} {subject} {level}"), sizes, seen))
    result: Splits = {}
    for split in SPLITS:
        turns = itertools.zip_longest(*(splits[split] for splits in found))
        result[split] = [problem for turn in turns for problem in turn if problem is not None]
    return result


def _large(
    draw_one: Callable[[random.Random], Generated | None],
    draw: random.Random,
    sizes: dict[Split, int],
    seen: set[str],
) -> Splits:
    result: Splits = {split: [] for split in SPLITS}
    missing = sum(sizes.values())
    for _ in range(100 * missing + 1_000):  # a tenth goes to validation and to test each
        if not missing:
            break
        problem = draw_one(draw)
        if problem is None or problem.unit in seen:
            continue
        split = split_of(problem.unit)
        if len(result[split]) < sizes[split]:
            seen.add(problem.unit)
            result[split].append(problem)
            missing -= 1
    return result


def split_of(unit: str) -> Split:
    """By the hash of a unit: eight tenths train, a tenth validation, a tenth test."""
    digest = hashlib.blake2b(unit.encode(), digest_size=8).digest()
    place = int.from_bytes(digest) % 10
    return "validation" if place == 8 else "test" if place == 9 else "train"


def _one_of(subject: Subject, level: int) -> Callable[[random.Random], Generated]:
    kinds: list[Kind] = [kind for kind in SUBJECTS[subject] if level in kind.levels]

    def draw_one(draw: random.Random) -> Generated:
        kind = draw.choice(kinds)
        made = kind.make(draw, level)
        unit = f"{kind.name}-{made.unit}"
        tags = (subject, kind.name, f"level-{level}")
        return Generated(f"gen-{subject}-{unit}", unit, made.question, made.answer, tags, made.form)

    return draw_one


def _hard_arithmetic(space: Space) -> Callable[[random.Random], Generated | None]:
    operations = _operations(space, HARD)

    def draw_one(draw: random.Random) -> Generated | None:
        found = arithmetic.hard(draw, operations)
        if found is None or (found.whole.value < 0 and not space.negative):
            return None
        return _problem(HARD, found)

    return draw_one


def _operations(space: Space, level: int) -> list[str]:
    return [sign for sign in _OPERATIONS.get(level, "") if space.operations is None or sign in space.operations]


def _small(space: Space, level: int, sizes: dict[Split, int], seen: set[str]) -> Splits:
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
    result: Splits = {}
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
    operations = _operations(space, level)
    low, high = _RANGES.get(level, (0, 0))
    numbers = range(low if space.low is None else space.low, (high if space.high is None else space.high) + 1)
    if level != 6 and not (operations and numbers):
        return
    if level <= 4 and len(numbers) ** 2 * len(operations) <= _LARGE:
        for sign, a, b in itertools.product(operations, numbers, numbers):
            if (listed := arithmetic.one_step(sign, a, b, exact=level == 4)) is not None:
                yield _problem(level, listed)
        return
    draw = random.Random(f"{space.seed} {level}")
    drawn: set[str] = set()
    for _ in range(10 * wanted + 1_000):
        problem: Generated | None = None
        if level == 6:
            unit, question, answer = word_problem(draw)
            problem = Generated(f"gen-6-{unit}", unit, question, str(answer), ("level-6", "word"))
        elif level <= 4:
            sign, a, b = draw.choice(operations), draw.choice(numbers), draw.choice(numbers)
            if (found := arithmetic.one_step(sign, a, b, exact=level == 4)) is not None:
                problem = _problem(level, found)
        elif level == 5:
            problem = _problem(5, arithmetic.two_steps(draw, numbers, operations))
        else:
            problem = _problem(7, arithmetic.fractions(draw, operations))
        if problem is not None:
            drawn.add(problem.id)
            yield problem
        if len(drawn) > wanted + wanted // 10 + 20:  # some are twins, or belong to a level before
            return


def _problem(level: int, found: arithmetic.Sum) -> Generated:
    whole = found.whole
    return Generated(
        f"gen-{level}-{whole.text}", whole.key, f"What is {whole.shown}?", found.answer, (f"level-{level}", found.kind)
    )
