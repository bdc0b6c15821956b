"""How strong the inputs of a method are: which of its mutants they tell from the method itself.

    measure(wanted, oracle, sandbox) -> list[Strength | None]    wanted: recorded pools; needs a JDK
    prepare(wanted, oracle, sandbox, compute)                    what `load` needs; `compute` also where it takes mutants
    load(item, oracle) -> Recording | None         as Oracle.load, with the added inputs and the killers
    python_survivors(code, recording, sandbox, most) -> list[Survival]     of a translation's mutants and of stubs
    python -m verirl_tasks.java2py --write                       makes strength.json, of the corpus, anew

All mutants run on the recorded pool. Those that it leaves alive, or that few of its inputs kill, run on LARGE further
inputs of another seed; what kills them there is added to the pool. A mutant that does as the method on all of these is taken
for equivalent. The strength is the share of the others that one verification of TESTS inputs kills, on average over DRAWS
draws; a method is strong where that is ENOUGH and no stub passes.

`killers`: for each mutant that few inputs kill, several of those, as fingerprints: so they hold where the pool changes its
order. Every draw takes one of each (judge.choose), another one for another response, so that they cannot be learned.

The strength of the corpus is in strength.json, that of other methods in the oracle's cache, both by content.
"""

from __future__ import annotations

import base64
import bisect
import contextlib
import dataclasses
import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verirl_tasks.java2py import inputs
from verirl_tasks.java2py.compare import same
from verirl_tasks.java2py.inputs import Kind
from verirl_tasks.java2py.java import JavaError, Method, instrument, parse
from verirl_tasks.java2py.judge import arguments, choose, stub_passes, why_wrong
from verirl_tasks.java2py.mutate import Mutant, java_mutants, python_mutants, stubs
from verirl_tasks.java2py.oracle import (
    CPU_MILLIS,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_SIZE,
    MAX_STEPS,
    Job,
    Oracle,
    Pool,
    Recording,
    Wanted,
    compile_java,
    content_key,
    encoded,
    record,
    run_java,
    runner_source,
)
from verirl_tasks.java2py.types import FLOATS, JavaType, Value, to_python

if TYPE_CHECKING:
    from verirl_sandbox import Sandbox

_MUTANTS = Path(__file__).with_name("Mutants.java")
TABLE = Path(__file__).with_name("strength.json")
FORMAT = 1  # of the mutants and of what is kept of them: another number makes every strength anew
MUTANTS = 60  # of a method at most, those that do not compile among them
LARGE = 3_000
TESTS = 50
DRAWS = 20
ENOUGH = 0.95
RARE = 0.2  # a mutant that a smaller share of the inputs kills has its killers kept
FEW = 4  # killers in the pool, below which others are looked for
KEPT = 8  # killers of a mutant that are kept
BATCH = 4  # methods in one JVM, each of two pools; few, so that one that hangs takes little with it


@dataclass(frozen=True)
class Strength:
    """`mutants`: those that compile, `equivalent` among them. `before`: the share of the others that the recorded pool kills as
    a whole. `rate`: that one verification kills. `stubs`: the share of draws that some stub passes. `added`: argument lists
    that the pool lacks. `killers`: four characters for each."""

    mutants: int
    equivalent: int
    before: float
    rate: float
    stubs: float
    added: list[list[Value]] = field(default_factory=list)
    killers: list[str] = field(default_factory=list)

    @property
    def strong(self) -> bool:
        return self.rate >= ENOUGH and self.stubs <= 1 - ENOUGH


def fingerprint(args: list[Value], method: Method) -> str:
    """Four characters. The order of sets and maps is not in it, since a recording has the one of the Java collection."""
    if any(part.kind in ("set", "map") for type in method.params for part in type.walk()):
        args = [_sorted(value, type) for value, type in zip(args, method.params, strict=True)]
    return base64.b85encode(hashlib.blake2b(json.dumps(args).encode(), digest_size=3).digest()).decode()


def _sorted(value: Value, type: JavaType) -> Value:
    if value is None or type.kind not in ("set", "map", "list", "array"):
        return value
    items = [
        [_sorted(part, inner) for part, inner in zip(item, type.args, strict=True)]
        if type.kind == "map"
        else _sorted(item, type.args[0])
        for item in value
    ]
    return items if type.kind in ("list", "array") else sorted(items, key=json.dumps)


def content(java: str, method: str) -> str:
    """What an entry of the table depends on."""
    return hashlib.sha256(json.dumps([FORMAT, java, method]).encode()).hexdigest()[:16]


# ------------------------------------------------------------------------------------------------------------ using it


@cache
def table() -> dict[str, dict[str, Strength]]:
    """Of the corpus: hash -> pool -> Strength. Empty where the file is missing."""
    if not TABLE.exists():
        return {}
    rows = json.loads(TABLE.read_text(encoding="utf-8"))
    return {row["hash"]: {pool: Strength(**row[pool]) for pool in ("training", "evaluation")} for row in rows.values()}


def of(java: str, method: str) -> list[Strength]:
    """What the table has: one for each pool, or none."""
    return list(table().get(content(java, method), {}).values())


def find(item: Wanted, oracle: Oracle) -> Strength | None:
    """What is known, without running anything."""
    if (known := table().get(content(item.java, item.method))) is not None:
        return known[item.pool]
    found = oracle.get(_key(item, oracle))
    return Strength(**found) if found else None


def prepare(wanted: Sequence[Wanted], oracle: Oracle, sandbox: Sandbox, compute: bool) -> None:
    """`wanted` is recorded already. Raises NoJavaError."""
    distinct = list(dict.fromkeys(wanted))
    if compute:
        missing = [
            item
            for item in distinct
            if content(*item[:2]) not in table() and not oracle.path(_key(item, oracle)).exists()
        ]
        for start in range(0, len(missing), BATCH):
            some = missing[start : start + BATCH]
            for item, found in zip(some, measure(some, oracle, sandbox), strict=True):
                oracle.put(_key(item, oracle), dataclasses.asdict(found) if found else None)
    jobs, keys = [], []
    for item in distinct:
        found = find(item, oracle)
        if found is not None and found.added and not oracle.path(_added_key(item, found)).exists():
            jobs.append(Job(item.java, item.method, found.added))
            keys.append(_added_key(item, found))
    for key, answer in zip(keys, record(jobs, sandbox), strict=True):
        oracle.write(key, encoded(answer))


def load(item: Wanted, oracle: Oracle) -> Recording | None:
    """None where nothing is recorded. Raises JavaError where the method was refused."""
    found = oracle.load(*item)
    strength = find(item, oracle) if found is not None else None
    if found is None or strength is None:
        return found
    extra = None
    if strength.added:
        try:
            extra = oracle.read_recording(_added_key(item, strength), item.java, item.method)
        except JavaError:  # these inputs ended in nothing; the pool did not
            extra = None
    return extended(found, extra, strength.killers)


def extended(found: Recording, extra: Recording | None, killers: Sequence[str]) -> Recording:
    """A recording with more records, and the killers as its indices."""
    records = list(found.records)
    if extra is not None:
        seen = {fingerprint(item.args, found.method) for item in records}
        records += [item for item in extra.records if fingerprint(item.args, found.method) not in seen]
        found = Recording.of(found.method, records, found.dropped)
    places = {fingerprint(item.args, found.method): index for index, item in enumerate(records)}
    listed = []
    for word in killers:
        prints = [word[start : start + 4] for start in range(0, len(word), 4)]
        if indices := [places[one] for one in prints if one in places]:
            listed.append(indices)
    return dataclasses.replace(found, killers=sorted(listed, key=len))


def _key(item: Wanted, oracle: Oracle) -> str:
    return content_key("strength", FORMAT, MUTANTS, LARGE, oracle.key(*item))


def _added_key(item: Wanted, strength: Strength) -> str:
    return content_key("added", item.java, item.method, strength.added)


# ------------------------------------------------------------------------------------------------------------ measuring


class _Group:
    """A method, its mutants, and the inputs that they run on. `killers`: of each mutant, in the order of `mutants`, the inputs
    on which it does something else; None where it does not compile."""

    def __init__(self, java: str, method: str, mutants: Sequence[str], given: list[list[Value]], steps: int) -> None:
        self.java = java
        self.method = parse(java).method(method)
        self.mutants = list(mutants)
        self.inputs = given
        self.steps = min(
            MAX_STEPS, 10 * steps + 1_000
        )  # `steps`: of the longest call; a mutant that takes ten times that hangs
        self.killers: list[set[int] | None] = [None] * len(mutants)
        self.hanging: set[int] = (
            set()
        )  # mutants that a call's CPU time has ended: the one input that is known to kill them
        self.broken = False
        parts = {part.kind for type in (self.method.returns, *self.method.params) for part in type.walk()}
        self.loose = bool(parts & {*FLOATS, "set", "map", "object", "number"})  # where unlike texts may be equal values

    def left(self) -> list[int]:
        return [index for index in range(len(self.mutants)) if index not in self.hanging]

    def line(self, first: int) -> str:
        limits = [self.steps, MAX_DEPTH, CPU_MILLIS, MAX_SIZE, MAX_BYTES, False]
        sources = [self.java, *(self.mutants[index] for index in self.left())]
        made = [instrument(source, f"p{first + place}") for place, source in enumerate(sources)]
        return json.dumps([self.method.class_name, self.method.name, limits, self.inputs, made, self.loose])

    def take(self, answers: Sequence[list[Any] | None]) -> None:
        self.broken = answers[0] is None
        for index, answer in zip(self.left(), answers[1:], strict=True):
            if answer is not None and not self.broken:
                self.killers[index] = (
                    {at for at, *said in answer if self.differs(at, *said)} if self.loose else set(answer)
                )

    def differs(self, at: int, mine: Any, right: Any) -> bool:
        """Whether a verification sees it."""
        if isinstance(mine, str) or "exception" in (mine[0], right[0]):
            return True
        method = self.method
        if same(right[1], to_python(mine[1], method.returns), method.returns):
            return True
        given = self.inputs[at]
        rows = zip(right[2] or given, mine[2] or given, method.params, strict=True)
        return any(type.mutable and same(one, to_python(other, type), type) for one, other, type in rows)

    def stuck(self, place: int, at: int) -> None:
        """`place`: of the sources, 0 for the method itself."""
        if place == 0:
            self.broken = True
        else:
            index = self.left()[place - 1]
            self.killers[index] = {at} if at >= 0 else None
            self.hanging.add(index)


def _run(groups: Sequence[_Group], sandbox: Sandbox) -> None:
    """In one JVM where all goes well; again without what hangs, and by halves where it breaks down."""
    groups = [group for group in groups if not group.broken and group.left() and group.inputs]
    if not groups:
        return
    lines, starts, first = [], [], 0
    for group in groups:
        starts.append(first)
        lines.append(group.line(first) + "\n")
        first += 1 + len(group.left())
    result = run_java(
        sandbox, {**_classes(sandbox), "job": "".join(lines)}, ["Mutants"], first, ["out", "stuck", "done"]
    )
    lines = result.files.get("out", b"").decode().split("\n")[:-1]
    for group, line in zip(groups, lines, strict=False):
        group.take(json.loads(line))
    if "done" in result.files or len(lines) == len(groups):
        return
    groups, starts = groups[len(lines) :], starts[len(lines) :]
    if "stuck" in result.files:
        number, at = map(int, result.files["stuck"].split())
        index = bisect.bisect_right(starts, number) - 1
        groups[index].stuck(number - starts[index], at)
        _run(groups, sandbox)
    elif len(groups) > 1:
        for half in (groups[: len(groups) // 2], groups[len(groups) // 2 :]):
            _run(half, sandbox)
    else:
        groups[0].broken = True


_compiled: dict[str, bytes] = {}


def _classes(sandbox: Sandbox) -> dict[str, bytes]:
    """The class files of Mutants and Runner, compiled once in a process."""
    if not _compiled:
        _compiled.update(
            compile_java(
                sandbox, {"Runner.java": runner_source(), "Mutants.java": _MUTANTS.read_text(encoding="utf-8")}
            )
        )
    return _compiled


def measure(wanted: Sequence[Wanted], oracle: Oracle, sandbox: Sandbox) -> list[Strength | None]:
    """Of recorded methods; None for one that was refused, or that cannot be run with its mutants."""
    found: list[Strength | None] = [None] * len(wanted)
    pools: dict[int, Recording] = {}
    for index, item in enumerate(wanted):
        with contextlib.suppress(JavaError):
            loaded = oracle.load(*item)
            if loaded is not None and loaded.records:
                pools[index] = loaded
    groups: dict[int, _Group] = {}
    for index, loaded in pools.items():
        java, method = wanted[index][:2]
        mutants = [mutant.source for mutant in java_mutants(java, MUTANTS)]
        groups[index] = _Group(java, method, mutants, [item.args for item in loaded.records], max(loaded.steps))
    _run(list(groups.values()), sandbox)
    further: dict[int, tuple[list[int], _Group]] = {}
    for index, group in groups.items():
        few = [n for n, killers in enumerate(group.killers) if killers is not None and len(killers) < FEW]
        java, method, pool = wanted[index][:3]
        if few and not group.broken:
            further[index] = (
                few,
                _Group(
                    java,
                    method,
                    [group.mutants[n] for n in few],
                    _large(group, pool, oracle.kind),
                    max(pools[index].steps),
                ),
            )
    _run([group for _, group in further.values()], sandbox)
    added: dict[int, list[list[Value]]] = {}
    for index, group in groups.items():
        if not group.broken:
            added[index] = _more(group, *further[index]) if index in further else []
    extras = dict(
        zip(added, record([Job(*wanted[i][:2], more) for i, more in added.items()], sandbox), strict=True)
        if added
        else ()
    )
    for index, more in added.items():
        extra = extras[index]
        found[index] = _summed(
            groups[index],
            further.get(index),
            pools[index],
            extra if isinstance(extra, Recording) else None,
            more,
        )
    return found


def _large(group: _Group, pool: Pool, kind: Kind) -> list[list[Value]]:
    """Of another seed, and small ones, which end where others do not."""
    made = inputs.generate(group.method, LARGE * 2 // 3, f"strength/{pool}", kind)
    if kind == "all":
        made += inputs.generate(group.method, LARGE // 3, f"strength/{pool}", "small")
    return made


def _more(group: _Group, few: Sequence[int], other: _Group) -> list[list[Value]]:
    """Inputs for the pool, so that each of its mutants has FEW killers there where the larger set has as many."""
    chosen: dict[int, None] = {}
    for place, index in enumerate(few):
        killers = other.killers[place] or set()
        missing = FEW - len(group.killers[index] or ()) - len(killers & chosen.keys())
        left = sorted(killers - chosen.keys())
        for at in random.Random(index).sample(left, max(0, min(missing, len(left)))):
            chosen[at] = None
    return [other.inputs[at] for at in chosen]


def _summed(
    group: _Group,
    further: tuple[list[int], _Group] | None,
    pool: Recording,
    extra: Recording | None,
    added: list[list[Value]],
) -> Strength:
    """The killers of every mutant by fingerprint, then by simulated draws what one verification kills."""
    prints: dict[int, dict[str, None]] = {}  # of the mutants that compile
    names = [fingerprint(args, group.method) for args in group.inputs]
    for index, killers in enumerate(group.killers):
        if killers is not None:
            prints[index] = dict.fromkeys(names[at] for at in sorted(killers))
    before = sum(1 for killers in prints.values() if killers)
    taken = {fingerprint(args, group.method) for args in added}
    if further is not None:
        for index, killers in zip(further[0], further[1].killers, strict=True):
            for at in sorted(killers or ()):
                name = fingerprint(further[1].inputs[at], group.method)
                if name in taken:
                    prints[index][name] = None
    killed = [list(killers) for killers in prints.values() if killers]
    rare: list[str] = []
    for some in sorted(killed, key=len):
        if len(some) < RARE * len(names):
            rare.append("".join(sorted(random.Random(len(rare)).sample(some, min(KEPT, len(some))))))
    whole = extended(pool, extra, list(dict.fromkeys(rare)))
    names = [fingerprint(item.args, group.method) for item in whole.records]
    seeds = [f"strength/{number}" for number in range(DRAWS)]
    draws = [choose(whole, seed, TESTS) for seed in seeds]
    drawn = [{names[at] for at in draw} for draw in draws]
    hit = sum(1 for killers in killed for draw in drawn if not draw.isdisjoint(killers))
    return Strength(
        mutants=len(prints),
        equivalent=len(prints) - len(killed),
        before=round(before / len(killed), 4) if killed else 1.0,
        rate=round(hit / (len(killed) * DRAWS), 4) if killed else 1.0,
        stubs=sum(stub_passes(whole, draw) for draw in draws) / DRAWS,
        added=added,
        killers=list(dict.fromkeys(rare)),
    )


# ---------------------------------------------------------------------------------------------------------------- Python


@dataclass(frozen=True)
class Survival:
    """`pool`: the share of all inputs on which the mutant is wrong (1 where it does not end). `passed`: the share of DRAWS
    draws that it passes."""

    mutant: Mutant
    pool: float
    passed: float


def python_survivors(code: str, recording: Recording, sandbox: Sandbox, most: int) -> list[Survival]:
    """What happens to `most` mutants of a right translation and to all stubs, each run on the whole recording."""
    from verirl_sandbox import Limits

    name = recording.method.name
    results = [item.value for item in recording.records if item.exception is None]
    draws = [choose(recording, f"strength/{number}", TESTS) for number in range(DRAWS)]
    found = []
    for mutant in [*python_mutants(code, most), *stubs(recording.method, results)]:
        calls = [arguments(recording, index) for index in range(len(recording.records))]
        result = sandbox.call(mutant.source, name, calls, Limits(cpu_seconds=10, memory_mib=512))
        if not result.ok:
            found.append(Survival(mutant, 1.0, 0.0))
            continue
        rows = zip(recording.records, result.calls, strict=True)
        wrong = {index for index, (item, call) in enumerate(rows) if why_wrong(recording, item, call)}
        passed = sum(wrong.isdisjoint(draw) for draw in draws) / DRAWS
        found.append(Survival(mutant, len(wrong) / len(recording.records), passed))
    return found
