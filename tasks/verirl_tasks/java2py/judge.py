"""From a recording and what the translation did, to what it earns.

choose(recording, key, count) -> indices of the records that one verification asks
judge(recording, chosen, calls) -> Judged
dense(recording, chosen, judged) -> a reward in [0, 1): nothing for what a stub gets too
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verirl_tasks.java2py.compare import same
from verirl_tasks.java2py.oracle import Record, Recording
from verirl_tasks.java2py.types import Value, to_python

if TYPE_CHECKING:
    from verirl_sandbox import Call

# Of the Java, of all inputs of one verification together: Python needs up to a second or two for it.
DRAW_STEPS = 400_000
CORE = 30  # records of a draw at most that are there to kill mutants
# Raised by an interpreter that is asked to end, or has no room: never what a Java exception is met by.
_NO_EXCEPTION = frozenset(
    ("SystemExit", "KeyboardInterrupt", "GeneratorExit", "BaseException", "RecursionError", "MemoryError")
)


def choose(recording: Recording, key: str, count: int) -> list[int]:
    """`count` records, or as many as there are, drawn by `key`, which should say of which problem and response they are. First
    come records that between them kill every mutant of the method that few records kill (`Recording.killers`): one of each
    mutant's killers that the key picks, where none is chosen yet, but CORE in all at most. Then records in turn from every
    class of inputs. Classes and records come in an order of the key's own, and fewer are the first of more."""
    seed = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    rng = random.Random(int.from_bytes(seed, "big"))
    left = DRAW_STEPS
    core: dict[int, None] = {}
    for killers in recording.killers:
        index = rng.choice(killers)
        if core.keys().isdisjoint(killers) and len(core) < CORE and recording.steps[index] <= left:
            left -= recording.steps[index]
            core[index] = None
    by_class: dict[int, list[int]] = defaultdict(list)
    for index, number in enumerate(recording.classes):
        if index not in core:
            by_class[number].append(index)
    lists = sorted(by_class.values(), key=lambda _: rng.random())
    chosen = list(core)[:count]
    while lists and len(chosen) < count:
        for members in lists[: count - len(chosen)]:
            place = int(rng.random() * len(members))
            members[place], members[-1] = members[-1], members[place]
            index = members.pop()
            if recording.steps[index] <= left:
                left -= recording.steps[index]
                chosen.append(index)
        lists = [members for members in lists if members]
    return chosen


def arguments(recording: Recording, index: int) -> list[object]:
    """The Python arguments of a record, new all through."""
    return [to_python(v, t) for v, t in zip(recording.records[index].args, recording.method.params, strict=True)]


@dataclass(frozen=True)
class Judged:
    """`right`: of each input chosen. `reason`: of the first that is wrong. `tests` and `classes`: the shares that are right,
    a class being right where all its inputs are."""

    right: Sequence[bool]
    reason: str
    tests: float
    classes: float


def judge(recording: Recording, chosen: Sequence[int], calls: Sequence[Call]) -> Judged:
    """`calls`: the translation's, one for each of `chosen`."""
    records = [recording.records[index] for index in chosen]
    wrong = [why_wrong(recording, record, call) for record, call in zip(records, calls, strict=True)]
    right = [why is None for why in wrong]
    reason = next((f"{shown(recording, r)}: {why}" for r, why in zip(records, wrong, strict=True) if why), "")
    tests = sum(right) / len(right) if right else 0.0
    return Judged(right, reason, tests, _share(right, [recording.classes[index] for index in chosen]))


def dense(recording: Recording, chosen: Sequence[int], judged: Judged) -> float:
    """What of the classes is right beyond what the best stub gets, as a share of what that leaves. A stub is a program that
    looks at nothing: it returns a constant, or one of its arguments, or raises, and changes nothing."""
    records = [recording.records[index] for index in chosen]
    classes = [recording.classes[index] for index in chosen]
    best = max(_share(right, classes) for right in _stubs(recording, records))
    return max(judged.classes - best, 0.0) / (1 - best) if best < 1 else 0.0


def stub_passes(recording: Recording, chosen: Sequence[int]) -> bool:
    """Whether a program that looks at nothing has all of these inputs right."""
    return any(all(right) for right in _stubs(recording, [recording.records[index] for index in chosen]))


def why_wrong(recording: Recording, record: Record, call: Call) -> str | None:
    """None where one call did what the Java did."""
    if record.exception is not None:
        if call.exception is None:
            return f"it returned, where the Java throws {record.exception}"
        if call.exception in _NO_EXCEPTION:
            return f"it raised {call.exception}, where the Java throws {record.exception}"
        return None
    if call.exception is not None:
        return f"it raised {call.exception}, where the Java returns {_text(record.value)}"
    method = recording.method
    if why := same(record.value, call.value, method.returns):
        return why
    after = record.args if record.after is None else record.after
    for index, type in enumerate(method.params):
        if type.mutable and (why := same(after[index], call.args_after[index], type)):
            return f"argument {method.names[index]} after the call: {why}"
    return None


def shown(recording: Recording, record: Record) -> str:
    """A call, for people."""
    return f"{recording.method.name}({', '.join(_text(value) for value in record.args)})"[:400]


def _text(value: Value) -> str:
    return json.dumps(value)[:200]


def _share(right: Sequence[bool], numbers: Sequence[int]) -> float:
    classes: dict[int, bool] = {}
    for ok, number in zip(right, numbers, strict=True):
        classes[number] = ok and classes.get(number, True)
    return sum(classes.values()) / len(classes) if classes else 0.0


def _stubs(recording: Recording, records: Sequence[Record]) -> Iterator[list[bool]]:
    """What each stub has right."""
    yield [record.exception is not None for record in records]
    still = [record.exception is None and record.after is None for record in records]
    if recording.method.returns.kind == "void":
        yield still
        return
    results = [json.dumps(record.value) for record in records]
    for constant in {"null", *results}:
        yield [ok and result == constant for ok, result in zip(still, results, strict=True)]
    for index in range(len(recording.method.params)):
        given = [json.dumps(record.args[index]) for record in records]
        yield [ok and one == other for ok, one, other in zip(still, given, results, strict=True)]
