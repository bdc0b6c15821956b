"""Variations of the corpus's methods, with their reference translations, so that training does not run dry.

    recipes(entries, splits, seed) -> Iterator[str]      names of variants, mixed, without end
    make(recipe, entries) -> Variant | None              the same for the same recipe and entries, always
    verify(variants, sandbox) -> those whose reference does what the Java does, on recorded inputs
    verified(entries) -> list[Variant]                   those that are known to pass; needs no Java
    python -m verirl_tasks.java2py.vary COUNT            writes the list that `verified` reads

A recipe is a path: `rename/NAME/3` has other names, `constants/NAME/3` other constants as well, `chain/NAME/OTHER/0` is a
method that calls both (compose.py), with names of its own from number 1 on. What is composed lies in one split, and a
variant is in the split of those it was made from: its shape is theirs.

A variant counts only once a recording has shown that its reference still passes: changing a constant in both programs can
part them (a limit that one of them writes another way), and then the variant is dropped.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

from verirl.errors import DataError
from verirl.types import SPLITS, Split
from verirl_tasks.java2py.compose import FORMS, Part, compose, fits
from verirl_tasks.java2py.corpus import FOLDER, Entry
from verirl_tasks.java2py.java import JavaError
from verirl_tasks.java2py.rewrite import (
    RESERVED,
    Constants,
    Names,
    Pair,
    Value,
    constants,
    nameable,
    rewrite,
    snake,
)
from verirl_tasks.java2py.similar import NEAR, Shape, likeness, shape
from verirl_tasks.java2py.words import ADJECTIVES, NOUNS, SHORT, VERBS

if TYPE_CHECKING:
    from verirl_sandbox import Sandbox

KNOWN = FOLDER / "variants.txt"
INPUTS = 1000  # recorded of each variant to verify it, as many as a pool holds
LEAST_OTHERS = 4  # inputs with another outcome than the most frequent one; with fewer a variant is too dull
LEAST_ENDING = 0.5  # share of the inputs on which the Java has to end
LARGEST = 6  # sum of the levels of two methods that are composed
_MIX = {"rename": 1, "constants": 3, "compose": 4}
_BATCH = 96
_MISSES = 5000  # recipes in a row that lead to nothing new, after which there is no more

_SIGNS = ",;:-/_#=&~!@"  # those without a meaning in regular expressions
_TOLD_APART = frozenset((0, 1, 2, 31, 32, 63, 64, 127, 128, 255, 256, 32767, 32768, 65535, 65536))  # about the types
_LARGEST_CONSTANT = 1 << 30


@dataclass(frozen=True)
class Variant(Entry):
    """`name` is the recipe. `parents`: the entries that it was made from, which share a split."""

    parents: tuple[str, ...] = ()


# ------------------------------------------------------------------------------------------------------------- recipes


def recipes(
    entries: Sequence[Entry], splits: Mapping[str, Split], seed: int = 0, only: Sequence[Split] = SPLITS
) -> Iterator[str]:
    """Recipes of all kinds, mixed, in a seeded order: of each kind first number 0 of every entry (or pair that fits), then
    number 1, and so on. `splits`: of the entries, by name (similar.splits); `only`: those that are wanted."""
    chosen = [e for e in sorted(entries, key=lambda e: e.name) if splits[e.name] in only and e.python]
    names = [entry.name for entry in chosen]
    sources = {
        "rename": [f"rename/{name}" for name in names],
        "constants": [f"constants/{name}" for name in names],
        "compose": list(_pairs(chosen, splits)),
    }
    rng = random.Random(f"recipes/{seed}")
    streams = {kind: _numbered(found, f"{kind}/{seed}") for kind, found in sources.items() if found}
    while streams:
        yield next(streams[rng.choices(list(streams), [_MIX[kind] for kind in streams])[0]])


def _numbered(found: list[str], seed: str) -> Iterator[str]:
    for number in count():
        order = found.copy()
        random.Random(f"{seed}/{number}").shuffle(order)
        yield from (f"{recipe}/{number}" for recipe in order)


def make(recipe: str, entries: Mapping[str, Entry]) -> Variant | None:
    """None where the recipe leads to nothing: the method has no constants that could change, say, or too few names. Raises
    DataError for a text that is no recipe, or names an entry that there is not."""
    kind, *names, number = recipe.split("/")
    if kind not in ("rename", "constants", *FORMS) or not number.isdigit() or len(names) != (2 if kind in _TWO else 1):
        raise DataError(f"{recipe!r} is no recipe; expected for instance rename/NAME/0 or chain/NAME/OTHER/0.")
    for name in names:
        if name not in entries:
            raise DataError(f"the recipe {recipe!r} names the corpus's entry {name!r}, which there is not.")
    parents = [entries[name] for name in names]
    rng = random.Random(recipe)
    if kind in FORMS:
        found = compose(kind, _part(parents[0]), _part(parents[-1]))
        if found is None:
            return None
        pair, method = found.pair, found.method
        level = min(4, max(parent.level for parent in parents) + 1)
    else:
        pair, method, level = Pair(parents[0].java, parents[0].python), parents[0].method, parents[0].level
    values = _other_values(constants(pair), rng) if kind == "constants" else []
    if kind == "constants" and not values:
        return None
    renamed = kind not in FORMS or number != "0"
    new = _other_names(nameable(pair), method, rng) if renamed else {}
    if renamed and method not in new:
        return None
    pair = rewrite(pair, new, values)
    return Variant(
        name=recipe,
        method=new.get(method, method),
        level=level,
        tags=_tags(parents),
        java=pair.java,
        python=pair.python,
        parents=tuple(dict.fromkeys(names)),
    )


def variants(
    entries: Sequence[Entry], splits: Mapping[str, Split], count: int, seed: int = 0, only: Sequence[Split] = SPLITS
) -> list[Variant]:
    """The first `count` of the recipes that lead to something new. They are not yet verified."""
    return list(islice(_distinct(entries, recipes(entries, splits, seed, only)), count))


def _distinct(entries: Sequence[Entry], names: Iterator[str]) -> Iterator[Variant]:
    by_name = {entry.name: entry for entry in entries}
    seen = {" ".join(entry.java.split()) for entry in entries}
    misses = 0
    for recipe in names:
        variant = make(recipe, by_name)
        if variant is not None and (words := " ".join(variant.java.split())) not in seen:
            seen.add(words)
            misses = 0
            yield variant
        elif (misses := misses + 1) == _MISSES:
            return


_TWO = tuple(form for form in FORMS if form != "each")


def _pairs(entries: Sequence[Entry], splits: Mapping[str, Split]) -> Iterator[str]:
    for first in entries:
        if fits("each", _part(first), _part(first)):
            yield f"each/{first.name}"
        for second in entries:
            if first is second or splits[first.name] != splits[second.name] or first.level + second.level > LARGEST:
                continue
            for form in _TWO:
                if (form != "both" or first.name < second.name) and fits(form, _part(first), _part(second)):
                    yield f"{form}/{first.name}/{second.name}"


@lru_cache(maxsize=1024)
def _part(entry: Entry) -> Part:
    return Part(Pair(entry.java, entry.python), entry.method)


def _tags(parents: Sequence[Entry]) -> tuple[str, ...]:
    tags = dict.fromkeys(tag for parent in parents for tag in parent.tags)
    if len(parents) > 1 and len(tags) > 1:
        tags.pop("plain", None)
    return tuple(tags)


# -------------------------------------------------------------------------------------------------- names and constants


def _other_names(names: Names, method: str, rng: random.Random) -> dict[str, str]:
    """A new name for the method, and for most others."""
    taken = set(names.taken) | RESERVED
    new: dict[str, str] = {}
    for old in [*names.methods, *names.classes, *names.variables]:
        if old != method and rng.random() < 0.2:
            continue
        kind = "method" if old in names.methods else "class" if old in names.classes else "variable"
        for _ in range(50):
            word = _word(kind, old, rng)
            if word not in taken and snake(word) not in taken:
                new[old] = word
                taken |= {word, snake(word)}
                break
    return new


def _word(kind: str, old: str, rng: random.Random) -> str:
    noun = rng.choice(NOUNS)
    if kind == "method":
        return rng.choice(VERBS) + noun.capitalize()
    if kind == "class":
        return rng.choice(ADJECTIVES).capitalize() + noun.capitalize()
    if old.isupper() and len(old) > 1:
        return f"{rng.choice(ADJECTIVES)}_{noun}".upper()
    if len(old) == 1 and rng.random() < 0.8:
        return rng.choice(SHORT)
    return noun if rng.random() < 0.5 else rng.choice(ADJECTIVES) + noun.capitalize()


def _other_values(found: Constants, rng: random.Random) -> list[tuple[Value, Value]]:
    """New constants for one to all of those that may change; sometimes two of a kind change places instead."""
    integers = [n for n in found.integers if n not in _TOLD_APART and n < _LARGEST_CONSTANT]
    texts = [word for word in found.texts if _plain(word)]
    places: list[Value] = [*integers, *found.floats, *texts]
    if not places:
        return []
    words = [word for word in texts if word.isalpha() and len(word) > 2]
    kinds: list[list[Value]] = [list(kind) for kind in (integers, words) if len(kind) > 1]
    if kinds and rng.random() < 0.25:
        one, other = rng.sample(rng.choice(kinds), 2)
        return [(one, other), (other, one)]
    chosen = rng.sample(places, rng.randint(1, len(places)))
    new: list[tuple[Value, Value]] = []
    for old in chosen:
        for _ in range(20):
            value = _other(old, rng)
            if value not in found.taken and value not in [other for _, other in new]:
                new.append((old, value))
                break
    return new


def _other(old: Value, rng: random.Random) -> Value:
    if isinstance(old, int):
        return max(2, old + rng.choice((-1, 1)) * rng.randint(1, max(2, old // 3)))
    if isinstance(old, float):
        return round(old + rng.choice((-1, 1)) * max(abs(old), 1.0) * rng.uniform(0.05, 0.5), 2)
    if len(old) == 1:
        return rng.choice(_SIGNS) if old in _SIGNS else rng.choice("bcdefghjkmnpqrstuvwxyz")
    return _other_text(old, rng)


def _other_text(old: str, rng: random.Random) -> str:
    """Each word of three letters or more becomes another, in the same case."""
    words, word = [], ""
    for letter in f"{old}\0":
        if letter.isascii() and letter.isalpha():
            word += letter
            continue
        if len(word) > 2:
            new = rng.choice((*NOUNS, *ADJECTIVES))
            word = new.upper() if word.isupper() else new.capitalize() if word[0].isupper() else new
        words += [word, letter]
        word = ""
    return "".join(words)[:-1]


def _plain(word: str) -> bool:
    """Text that is neither a pattern nor a format, and has something to change."""
    if len(word) == 1:
        return word in _SIGNS or (word.isascii() and word.islower())
    return not set(word) & set("\\%[](){}|^$*+?") and any(len(part) > 2 and part.isalpha() for part in word.split())


# ------------------------------------------------------------------------------------------------------------ verifying


def verify(found: Sequence[Variant], sandbox: Sandbox, inputs: int = INPUTS) -> list[Variant]:
    """Those whose Java compiles and is neither dull nor endless, and whose reference did what it did on all inputs; in the
    same order. Raises NoJavaError without a JDK."""
    from verirl_tasks.java2py.inputs import generate
    from verirl_tasks.java2py.java import parse
    from verirl_tasks.java2py.oracle import Job, Recording, record

    jobs, asked = [], []
    for variant in found:
        try:
            method = parse(variant.java).method(variant.method)
        except JavaError:
            continue
        jobs.append(Job(variant.java, variant.method, generate(method, inputs, variant.name)))
        asked.append(variant)
    passed = []
    for variant, recording in zip(asked, record(jobs, sandbox), strict=True):
        if isinstance(recording, Recording) and _passes(variant, recording, sandbox):
            passed.append(variant)
    return passed


def _passes(variant: Variant, recording: object, sandbox: Sandbox) -> bool:
    from verirl_sandbox import Limits
    from verirl_tasks.java2py.answer import check
    from verirl_tasks.java2py.judge import why_wrong
    from verirl_tasks.java2py.oracle import Recording
    from verirl_tasks.java2py.types import to_python

    assert isinstance(recording, Recording)
    records, params = recording.records, recording.method.params
    tried = len(records) + sum(recording.dropped.values())
    outcomes = Counter(repr((record.exception, record.value, record.after)) for record in records)
    if not records or len(records) < LEAST_ENDING * tried or len(records) - max(outcomes.values()) < LEAST_OTHERS:
        return False
    if check(variant.python, variant.method) is not None:
        return False
    calls = [[to_python(v, t) for v, t in zip(record.args, params, strict=True)] for record in records]
    result = sandbox.call(variant.python, variant.method, calls, Limits(cpu_seconds=20))
    return result.ok and not any(
        why_wrong(recording, record, call) for record, call in zip(records, result.calls, strict=True)
    )


# ---------------------------------------------------------------------------------------------------- those that passed


def verified(
    entries: Sequence[Entry], path: Path = KNOWN, only: Sequence[str] | None = None, count: int | None = None
) -> list[Variant]:
    """The variants that are listed as verified, of the entries named `only`, the first `count` of them. One whose parents
    have changed since is left out. Raises DataError for a list that cannot be read."""
    by_name = {entry.name: entry for entry in entries}
    wanted = set(by_name if only is None else only)
    fresh: set[str] = set()
    found: list[Variant] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0] == "#":
            continue
        if words[0] == "entry" and len(words) == 3:
            entry = by_name.get(words[1])
            fresh |= {words[1]} if entry is not None and digest(entry) == words[2] else set()
            continue
        if len(words) != 1:
            raise DataError(f"{path}, line {number}: expected a recipe, found {line!r}; write the list anew.")
        if count is not None and len(found) >= count:
            break
        parents = set(line.split("/")[1:-1])
        if parents <= fresh and parents <= wanted and (variant := make(line, by_name)) is not None:
            found.append(variant)
    return found


def write(
    entries: Sequence[Entry],
    splits: Mapping[str, Split],
    count: int,
    sandbox: Sandbox,
    path: Path = KNOWN,
    seed: int = 0,
) -> int:
    """Verifies variants of the training split until `count` have passed, and lists them; none is a near-duplicate of what is
    held out. Returns how many were tried."""
    lines = ["# Written by `python -m verirl_tasks.java2py.vary`: variants whose reference passes."]
    lines += [f"entry {entry.name} {digest(entry)}" for entry in sorted(entries, key=lambda entry: entry.name)]
    passed: list[str] = []
    tried = 0
    held = [shape(entry.java) for entry in entries if splits[entry.name] != "train"]
    source = _distinct(entries, recipes(entries, splits, seed, ("train",)))
    while (left := count - len(passed)) > 0 and (batch := list(islice(source, min(_BATCH, left + left // 4 + 1)))):
        tried += len(batch)
        passed += [variant.name for variant in verify([v for v in batch if _apart(v, held)], sandbox)]
        print(f"{len(passed)} of {tried} passed", file=sys.stderr, flush=True)
    path.write_text("\n".join([*lines, *passed[:count]]) + "\n", encoding="utf-8")
    return tried


def _apart(variant: Variant, held: Sequence[Shape]) -> bool:
    """Whether it is a near-duplicate of nothing that is held out: two methods together can be, where neither is."""
    found = shape(variant.java)
    return all(likeness(found, other) < NEAR for other in held)


def digest(entry: Entry) -> str:
    return hashlib.sha256(f"{entry.method}\0{entry.java}\0{entry.python}".encode()).hexdigest()[:12]


def main(words: Sequence[str]) -> int:
    from verirl_sandbox import Sandbox
    from verirl_tasks.java2py.corpus import entries
    from verirl_tasks.java2py.similar import splits

    if len(words) != 1 or not words[0].isdigit():
        print("usage: python -m verirl_tasks.java2py.vary COUNT", file=sys.stderr)
        return 2
    with Sandbox() as sandbox:
        write(entries(), splits(entries()), int(words[0]), sandbox)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
