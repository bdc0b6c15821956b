"""The methods of our own: `corpus/NAME.java` with its first line, and `corpus/NAME.py`, the translation that is known to be
right.

    // method: digitSum | level: 2 | tags: division, overflow
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from verirl.errors import DataError

FOLDER = Path(__file__).with_name("corpus")
_HEAD = re.compile(r"// method: (\w+) \| level: ([1-4]) \| tags: ([\w, -]+)")

TAGS = [
    "overflow",
    "division",
    "remainder",
    "shift",
    "unsigned-shift",
    "char-arithmetic",
    "narrowing",
    "compound-assignment",
    "rounding",
    "float-format",
    "float-single",
    "split",
    "hashcode",
    "boxed-equality",
    "abs-min",
    "utf16-length",
    "evaluation-order",
    "fall-through",
    "labelled-break",
    "map-order",
    "exceptions",
    "aliasing",
    "string-builder",
    "integer-parsing",
    "bit-twiddling",
    "recursion",
    "sorting",
    "collections",
    "classes",
    "null-handling",
    "string-methods",
    "ternary-promotion",
    "plain",
]


@dataclass(frozen=True)
class Entry:
    """`java` is without the first line. `python` is empty where there is no reference."""

    name: str
    method: str
    level: int
    tags: tuple[str, ...]
    java: str
    python: str


def read(folder: Path = FOLDER) -> list[Entry]:
    """All entries, by name. Raises DataError for a file that is not as it should be."""
    return list(_entries(folder))


@cache
def entries() -> tuple[Entry, ...]:
    """Those of the project, read once."""
    return tuple(read())


def _entries(folder: Path) -> Iterator[Entry]:
    for path in sorted(folder.glob("*.java")):
        head, _, java = path.read_text(encoding="utf-8").partition("\n")
        match = _HEAD.fullmatch(head.strip())
        if match is None:
            raise DataError(f"{path}, line 1: expected `// method: NAME | level: 1 to 4 | tags: a, b`, found {head!r}.")
        tags = tuple(tag.strip() for tag in match[3].split(","))
        if unknown := [tag for tag in tags if tag not in TAGS]:
            raise DataError(f"{path}, line 1: unknown tag {unknown[0]!r}; the tags are {', '.join(TAGS)}.")
        reference = path.with_suffix(".py")
        python = reference.read_text(encoding="utf-8") if reference.exists() else ""
        yield Entry(path.stem, match[1], int(match[2]), tags, java, python)
