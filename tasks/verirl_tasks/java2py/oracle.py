"""The Java itself says what is right: it is compiled and run on many inputs, in the sandbox, and what it did is kept.

    Job(java, method, inputs)                   inputs: lists of values (types.py)
    record(jobs, sandbox) -> list[Recording | JavaError]     a batch in one JVM; no cache
    Oracle(pool, kind).prepare(wanted, sandbox)  records what is not yet in the cache; any number of processes at once
    Oracle.load(java, method, pool) -> Recording | None      from the cache; raises JavaError for a refused method
    Cache.get(key), .put(key, json)             for what else is worth keeping, keyed by content (`content_key`)

An input is dropped where the Java takes more than MAX_STEPS steps (loop rounds and method calls), is nested more than
MAX_DEPTH calls deep (Python's own stack holds about 1,000), allocates more than MAX_BYTES, gives back more than MAX_SIZE
characters of JSON, or overflows the stack or the heap: what Python does there is no matter of translation. Steps, depth
and size do not depend on the machine. A call that evades the count (a regular expression that backtracks, say) is ended
after CPU_MILLIS of its own CPU time.

The cache is a folder of compressed JSON files, each named by the hash of everything that it depends on.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import math
import os
import re
import shutil
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

from verirl.errors import VerirlError
from verirl_tasks.java2py import inputs
from verirl_tasks.java2py.examples import generate_like
from verirl_tasks.java2py.inputs import Kind
from verirl_tasks.java2py.java import JavaError, JavaSource, Method, instrument, parse
from verirl_tasks.java2py.types import FLOATS, INTEGERS, ORDERED, JavaType, Value

if TYPE_CHECKING:
    from verirl_sandbox import Sandbox

Pool = Literal["training", "evaluation"]


class Wanted(NamedTuple):
    """A pool to be recorded. `examples`: JSON of argument lists that the inputs are to be like, or empty."""

    java: str
    method: str
    pool: Pool
    examples: str = ""


FORMAT = 1  # of the cache and of what the generator makes: another number makes every recording anew
MAX_STEPS = 100_000
MAX_DEPTH = 250
MAX_BYTES = 8 << 20
MAX_SIZE = 20_000
CPU_MILLIS = 1_000
LEAST_KEPT = 0.05  # of the inputs tried; below it a method is refused
BATCH = 64  # methods in one JVM
STUCK_INPUTS = 3  # that ran into CPU_MILLIS, after which a method is refused
_HEAP_MIB = 768
_FLAGS = (
    f"-Xmx{_HEAP_MIB}m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=64m -Xshare:auto "
    "-XX:CompressedClassSpaceSize=128m -XX:-UsePerfData -Dfile.encoding=UTF-8 -Duser.language=en -Duser.country=US "
    "-Duser.timezone=UTC"
).split()


class NoJavaError(VerirlError):
    """There is no JDK, and something has to be recorded; the message says what to install."""


@dataclass(frozen=True)
class Job:
    java: str
    method: str
    inputs: Sequence[list[Value]]


@dataclass(frozen=True)
class Record:
    """What the Java did with one input. `exception`: the class of what it threw, else None. `after`: the arguments as the
    call left them; None where it changed none, or threw. `steps`: loop rounds and calls. `path`: a set of bits, one for
    each branch taken (64 of them, shared where there are more)."""

    args: list[Value]
    exception: str | None
    value: Value
    after: list[Value] | None
    steps: int
    path: int


@dataclass(frozen=True)
class Recording:
    """`dropped`: why inputs were left out, and how many. `classes` numbers the class of each record (`input_class`), `steps`
    are the records' own; both are there without reading the records, which are decoded one by one. `killers`: for mutants of
    the method that few records tell from it, those records (strength.py), the mutants with the fewest first."""

    method: Method
    records: Sequence[Record]
    dropped: Mapping[str, int]
    classes: Sequence[int] = ()
    steps: Sequence[int] = ()
    killers: Sequence[Sequence[int]] = ()

    @classmethod
    def of(cls, method: Method, records: Sequence[Record], dropped: Mapping[str, int]) -> Recording:
        numbers: dict[object, int] = {}
        classes = [numbers.setdefault(input_class(method, found), len(numbers)) for found in records]
        return cls(method, records, dropped, classes, [found.steps for found in records])


class _Lines(Sequence[Record]):
    """Records as lines of JSON, decoded when they are asked for."""

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines

    def __len__(self) -> int:
        return len(self.lines)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        if isinstance(index, slice):
            return [Record(*json.loads(line)) for line in self.lines[index]]
        return Record(*json.loads(self.lines[index]))


def input_class(method: Method, found: Record) -> object:
    """Inputs are of one class where the Java takes the same branches, ends in the same kind of result, and the arguments
    hold the same kinds of extremes. Any hashable."""
    if found.exception is not None:
        outcome = found.exception
    elif isinstance(found.value, bool) or found.value is None:
        outcome = repr(found.value)
    elif isinstance(found.value, int | float):
        outcome = "zero" if found.value == 0 else "negative" if found.value < 0 else "positive"
    elif isinstance(found.value, str | list):
        outcome = "empty" if len(found.value) == 0 else "full"
    else:
        outcome = ""
    marks = [_marks(value, type) for value, type in zip(found.args, method.params, strict=True)]
    equal = len({json.dumps(value) for value in found.args}) < len(found.args)
    return found.path, outcome, found.after is not None, equal, tuple(marks)


_NUMBER = re.compile(r"[+-]?[0-9]+")


def _marks(value: Value, type: JavaType) -> str:
    """What is out of the ordinary in an argument, a letter each."""
    if value is None:
        return "0"
    if type.kind in INTEGERS:
        big = abs(value) >> (INTEGERS[type.kind] // 2)
        top = 1 << (INTEGERS[type.kind] - 1)
        large = "X" if value in (-top, top - 1) else "x" if abs(value) >= top >> 1 else "m" if big else ""
        return large + ("n" if value < 0 else "" if value else "z")
    if type.kind in FLOATS:
        if isinstance(value, str):
            return value[0]
        size = "x" if abs(value) >= 1e15 else "z" if value == 0 else "h" if (2 * value) % 2 == 1 else ""
        return size + ("n" if math.copysign(1, value) < 0 else "")
    if type.kind in ("string", "char"):
        return _text_marks(value)
    if type.kind in ("list", "array", "set"):
        inner = {mark for item in value for mark in _marks(item, type.args[0])}
        size = "e" if not value else "1" if len(value) == 1 else ""
        return size + "".join(sorted(inner)) + ("r" if len({json.dumps(item) for item in value}) < len(value) else "")
    if type.kind == "map":
        return "e" if not value else "".join(sorted({m for _, item in value for m in _marks(item, type.args[1])}))
    if type.kind in ("object", "number"):
        return str(next(iter(value)))
    return str(value)[0]  # of a boolean


def _text_marks(value: str) -> str:
    if not value:
        return "e"
    size = "1" if len(value) == 1 else ""
    if not value.isascii():
        if value.strip() != value.strip(" \t\n"):
            return size + "B"
        return size + ("s" if any(c > "\uffff" or "\ud800" <= c <= "\udfff" for c in value) else "u")
    if _NUMBER.fullmatch(value):
        return size + ("d" if len(value) < 10 else "D")
    return size + ("b" if value.strip() != value else "") + ("l" if value.isalpha() else "")


def record(jobs: Sequence[Job], sandbox: Sandbox) -> list[Recording | JavaError]:
    """What each method does on its inputs, in the order of the jobs; a JavaError where it is refused. Raises NoJavaError
    without a JDK."""
    found: list[Recording | JavaError | None] = [None] * len(jobs)
    ready: list[_Compiled] = []
    for index, job in enumerate(jobs):
        try:
            ready.append(_Compiled(index, job))
        except JavaError as error:
            found[index] = error
    for start in range(0, len(ready), BATCH):
        for item, answer in _run(ready[start : start + BATCH], sandbox):
            found[item.index] = answer
    return [answer or JavaError("the Java was not recorded.") for answer in found]


class _Compiled:
    """A job as the Runner takes it. `method` is None for a source with a syntax error, which javac shall name."""

    def __init__(self, index: int, job: Job) -> None:
        self.index = index
        self.job = job
        self.source = parse(job.java)
        self.method: Method | None = None
        self.counting = True
        self.dropped: dict[int, str] = {}  # input: why
        try:
            self.method = self.source.method(job.method)
        except JavaError:
            if not self.source.broken:
                raise

    def left(self) -> list[int]:
        return [index for index in range(len(self.job.inputs)) if index not in self.dropped]

    def line(self, package: str) -> str:
        limits = [MAX_STEPS, MAX_DEPTH, CPU_MILLIS, MAX_SIZE, MAX_BYTES, bool(self.method and _reorders(self.method))]
        where = (self.method.class_name, self.method.name) if self.method else ("", "")
        source = instrument(self.job.java, package, self.counting)
        return json.dumps([package, *where, limits, source, [self.job.inputs[index] for index in self.left()]])


def _reorders(method: Method) -> bool:
    """Whether a Java collection puts the arguments into an order of its own, which Python's then follow."""
    return any(
        part.kind in ("map", "set") and part.name not in ("LinkedHashMap", "LinkedHashSet")
        for type in method.params
        for part in type.walk()
    )


def _run(items: Sequence[_Compiled], sandbox: Sandbox) -> Iterator[tuple[_Compiled, Recording | JavaError]]:
    """In one JVM where all goes well; again without those that bring it down."""
    if not items:
        return
    text = "".join(item.line(f"p{number}") + "\n" for number, item in enumerate(items))
    result = run_java(
        sandbox, {**_runner(sandbox), "job": text}, ["Runner"], len(items), ["out", "stuck", "exited", "done"]
    )
    if "done" not in result.files:
        yield from _broke_down(items, result, sandbox)
        return
    again = []
    answers = [json.loads(line) for line in result.files["out"].decode().splitlines()]
    for item, answer in zip(items, answers, strict=True):
        error = answer.get("error")
        if error and error[0] == "compile" and item.counting:  # the counters may be at fault: once more without them
            item.counting = False
            again.append(item)
        elif error:
            yield item, _refusal(item, error)
        else:
            yield item, _recording(item, answer["records"])
    yield from _run(again, sandbox)


def _broke_down(
    items: Sequence[_Compiled], result: Any, sandbox: Sandbox
) -> Iterator[tuple[_Compiled, Recording | JavaError]]:
    if "stuck" in result.files:
        number, place = map(int, result.files["stuck"].split())
        item = items[number]
        yield from _run([other for other in items if other is not item], sandbox)
        if place >= 0:
            item.dropped[item.left()[place]] = "cpu"
        if place < 0 or len(item.dropped) >= STUCK_INPUTS:
            yield (
                item,
                JavaError(
                    f"{item.job.method} runs for ever, or for more than {CPU_MILLIS / 1000:g} s of CPU time, on "
                    f"{len(item.dropped)} inputs or more (the first: {_shown(item, min(item.dropped, default=None))})."
                ),
            )
        else:
            yield from _run([item], sandbox)
    elif "exited" in result.files:
        item = items[int(result.files["exited"])]
        yield item, JavaError(f"{item.job.method} ends the Java program (System.exit), so that it cannot be recorded.")
        yield from _run([other for other in items if other is not item], sandbox)
    elif len(items) > 1:
        middle = len(items) // 2
        yield from _run(items[:middle], sandbox)
        yield from _run(items[middle:], sandbox)
    else:
        said = result.stderr.decode("utf-8", "replace").strip().splitlines()
        why = result.detail or f"exit code {result.exit_code}"
        yield (
            items[0],
            JavaError(
                f"{items[0].job.method} brings down the Java program ({why}{': ' + said[0][:200] if said else ''}), so that it "
                "cannot be recorded."
            ),
        )


def _shown(item: _Compiled, index: int | None) -> str:
    return "its class's start" if index is None else json.dumps(item.job.inputs[index])[:200]


def _refusal(item: _Compiled, error: Sequence[str]) -> JavaError:
    name = item.job.method
    kind, rest = error[0], error[1:]
    if kind == "compile":
        message = re.sub(r"\bp\d+\.(?=[A-Z])", "", " ".join(rest[0].split()))
        return JavaError(f"the Java does not compile: {message}")
    if kind == "input":
        return JavaError(f"{name} reads standard input; a method must depend on its arguments alone.")
    if kind == "unstable":
        shown = _shown(item, item.left()[int(rest[0])])
        one, other = (json.dumps(json.loads(text + "]")[:2])[:200] for text in rest[1:])
        return JavaError(f"{name} is not deterministic: {shown} gave {one}, and in another run {other}.")
    return JavaError(f"{name} cannot be called: {rest[0][:300]}.")


def _recording(item: _Compiled, found: Sequence[Any]) -> Recording | JavaError:
    if item.method is None:
        try:
            item.method = item.source.method(item.job.method)
        except JavaError as error:
            return error
    dropped = Counter(item.dropped.values())
    records = []
    for index, entry in zip(item.left(), found, strict=True):
        if isinstance(entry, str):
            if entry.startswith("strange"):
                return JavaError(
                    f"{item.job.method} gives back{entry.removeprefix('strange') or ' something'} where it declares "
                    f"{item.method.returns}; that type is not supported."
                )
            dropped[entry] += 1
            continue
        outcome, value, after, before, steps, path = entry
        args = (
            item.job.inputs[index]
            if before is None
            else [_unmarked(v, t) for v, t in zip(before, item.method.params, strict=True)]
        )
        thrown = value if outcome == "exception" else None
        records.append(Record(args, thrown, None if thrown else value, after, steps, path))
    return Recording.of(item.method, records, dict(dropped))


def _unmarked(value: Value, type: JavaType) -> Value:
    """An argument as the Java collection orders it, without the mark of ordered maps, which only results carry."""
    if value is None:
        return None
    if type.kind in ("list", "set", "array"):
        return [_unmarked(item, type.args[0]) for item in value]
    if type.kind == "map":
        pairs = value[1:] if value and value[0] == ORDERED else value
        return [[_unmarked(key, type.args[0]), _unmarked(item, type.args[1])] for key, item in pairs]
    if type.kind == "object" and (inner := value.get("map")):
        return {"map": inner[1:] if inner[0] == ORDERED else inner}
    return value


# ------------------------------------------------------------------------------------------------------------- the JVM


def run_java(sandbox: Sandbox, files: Mapping[str, Any], words: list[str], methods: int, outputs: list[str]) -> Any:
    from verirl_sandbox import Limits

    limits = Limits(
        cpu_seconds=min(120 + 10 * methods, 3_600),
        wall_seconds=min(600 + 60 * methods, 3_600),
        memory_mib=_HEAP_MIB + 1024,
        file_mib=1024,
        threads=256,
        open_files=1024,
    )
    return sandbox.run(["java", *_FLAGS, *words], files, limits, outputs=outputs)


@cache
def runner_source() -> str:
    return Path(__file__).with_name("Runner.java").read_text(encoding="utf-8")


_compiled: dict[str, bytes] = {}


def _runner(sandbox: Sandbox) -> dict[str, bytes]:
    """The Runner's class files, compiled once in a process. Raises NoJavaError."""
    if not _compiled:
        _compiled.update(compile_java(sandbox, {"Runner.java": runner_source()}))
    return dict(_compiled)


def compile_java(sandbox: Sandbox, sources: Mapping[str, str]) -> dict[str, bytes]:
    """Class files, by their names. Raises NoJavaError."""
    missing = [name for name in ("javac", "java") if shutil.which(name) is None]
    if missing:
        raise NoJavaError(
            f"{' and '.join(missing)} not found, and what the Java does is not yet recorded: install a JDK "
            "(17 or newer; apt install openjdk-17-jdk-headless), or copy the cache of a machine that has one "
            f"to {cache_folder()}."
        )
    from verirl_sandbox import Limits

    limits = Limits(cpu_seconds=120, wall_seconds=600, memory_mib=1536, file_mib=64, threads=256, open_files=1024)
    words = ["javac", "-J-Xmx256m", "-nowarn", "-proc:none", *sources]
    result = sandbox.run(words, dict(sources), limits, outputs=["*.class"])
    if not result.ok or not result.files:
        said = (result.stderr.decode("utf-8", "replace").strip() or result.detail)[:500]
        raise NoJavaError(f"javac does not work in the sandbox ({said}); Java 17 or newer is needed.")
    return dict(result.files)


# ------------------------------------------------------------------------------------------------------------- the cache


def cache_folder() -> Path:
    root = os.environ.get("VERIRL_CACHE")
    return (Path(root) if root else Path.home() / ".cache" / "verirl") / "java2py"


class Cache:
    """Files by the hash of what they depend on; written whole or not at all, unreadable ones are as if not there."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder()

    def path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.z"

    def read(self, key: str) -> bytes | None:
        try:
            return zlib.decompress(self.path(key).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, zlib.error):  # half a file of a full disk
            with contextlib.suppress(OSError):
                self.path(key).unlink()
            return None

    def write(self, key: str, data: bytes) -> None:
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            try:
                file.write(zlib.compress(data, 6))
                file.close()
                os.replace(file.name, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(file.name)
                raise

    def get(self, key: str) -> Any:
        """The JSON that `put` was given, or None."""
        found = self.read(key)
        return None if found is None else json.loads(found)

    def put(self, key: str, value: Any) -> None:
        self.write(key, json.dumps(value, separators=(",", ":")).encode())


def content_key(*parts: Any) -> str:
    """Of plain JSON, and of the code that records."""
    return hashlib.sha256(json.dumps([FORMAT, runner_source(), *parts]).encode()).hexdigest()[:40]


class Oracle(Cache):
    """Recordings of pools, kept on disk. `pool`: inputs of each. `kind`: which inputs are made (inputs.py)."""

    def __init__(self, pool: int = 1000, kind: Kind = "all", folder: Path | None = None) -> None:
        super().__init__(folder)
        self.pool = pool
        self.kind: Kind = kind

    def key(self, java: str, method: str, pool: Pool, examples: str = "") -> str:
        return content_key(inputs.version(), java, method, pool, self.pool, self.kind, examples)

    def load(self, java: str, method: str, pool: Pool, examples: str = "") -> Recording | None:
        """None where nothing is recorded. Raises JavaError where the method was refused."""
        return self.read_recording(self.key(java, method, pool, examples), java, method)

    def read_recording(self, key: str, java: str, method: str) -> Recording | None:
        """What `encoded` made of one, under a key of one's own."""
        found = self.read(key)
        if found is None:
            return None
        first, *lines = found.split(b"\n")
        header = json.loads(first)
        if "error" in header:
            raise JavaError(header["error"])
        return Recording(
            parse(java).method(method), _Lines(lines), header["dropped"], header["classes"], header["steps"]
        )

    def prepare(self, wanted: Sequence[Wanted | tuple[str, str, Pool]], sandbox: Sandbox) -> None:
        """Records what is missing. Several processes that want the same share the work: each batch has a lock. Raises
        NoJavaError."""
        missing = self._missing([Wanted(*item) for item in wanted])
        chunks = [missing[start : start + BATCH] for start in range(0, len(missing), BATCH)]
        waiting = [chunk for chunk in chunks if not self._record_locked(chunk, sandbox, wait=False)]
        for chunk in waiting:
            self._record_locked(chunk, sandbox, wait=True)

    def _missing(self, wanted: Sequence[Wanted]) -> list[Wanted]:
        return [item for item in dict.fromkeys(wanted) if not self.path(self.key(*item)).exists()]

    def _record_locked(self, chunk: Sequence[Wanted], sandbox: Sandbox, wait: bool) -> bool:
        folder = self.folder / "locks"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NoJavaError(f"{folder} cannot be made ({error.strerror}); set VERIRL_CACHE to a folder.") from None
        with contextlib.ExitStack() as stack:
            # Few locks, always taken in the same order: two processes never wait for each other in a circle.
            for name in sorted({self.key(*item)[:2] for item in chunk}):
                file = stack.enter_context(open(folder / name, "w"))
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
                except BlockingIOError:
                    return False
            missing = self._missing(chunk)
            for item, answer in zip(missing, record_pools(missing, self.pool, self.kind, sandbox), strict=True):
                self.write(self.key(*item), encoded(answer))
        return True


def encoded(answer: Recording | JavaError) -> bytes:
    """As the cache keeps it."""
    if isinstance(answer, JavaError):
        return json.dumps({"error": str(answer)}).encode()
    header = {"dropped": answer.dropped, "classes": answer.classes, "steps": answer.steps}
    rows = [[r.args, r.exception, r.value, r.after, r.steps, r.path] for r in answer.records]
    return "\n".join(json.dumps(item, separators=(",", ":")) for item in [header, *rows]).encode()


def record_pools(
    items: Sequence[Wanted | tuple[str, str, Pool]], count: int, kind: Kind, sandbox: Sandbox
) -> list[Recording | JavaError]:
    """Pools of `count` inputs, made here. Where too many are dropped, smaller ones are tried in their place."""
    wanted = [Wanted(*item) for item in items]
    found = [_made(item, count + count // 8, kind) for item in wanted]
    answers = record([Job(item.java, item.method, made) for item, made in zip(wanted, found, strict=True)], sandbox)
    short = [
        index
        for index, answer in enumerate(answers)
        if isinstance(answer, Recording) and answer.dropped and len(answer.records) < count
    ]
    more = []
    for index in short:
        item, seen = wanted[index], {json.dumps(args) for args in found[index]}
        smaller = [args for args in _made(item, count, "small") if json.dumps(args) not in seen]
        more.append(Job(item.java, item.method, smaller))
    for index, job, answer in zip(short, more, record(more, sandbox), strict=True):
        first = answers[index]
        assert isinstance(first, Recording)
        if isinstance(answer, JavaError):
            answers[index] = answer
            continue
        tried = len(found[index]) + len(job.inputs)
        records = [*first.records, *answer.records]
        dropped = Counter(first.dropped) + Counter(answer.dropped)
        answers[index] = Recording.of(first.method, records, dict(dropped))
        if len(records) < LEAST_KEPT * tried:
            why = ", ".join(f"{_WHY[reason]} on {times}" for reason, times in dropped.most_common())
            answers[index] = JavaError(f"{first.method.name} ends on {len(records)} of {tried} inputs only ({why}).")
    return [
        answer if isinstance(answer, JavaError) else Recording.of(answer.method, answer.records[:count], answer.dropped)
        for answer in answers
    ]


_WHY = {
    "steps": f"more than {MAX_STEPS} steps",
    "depth": f"recursion more than {MAX_DEPTH} deep",
    "memory": f"more than {MAX_BYTES >> 20} MiB",
    "size": f"more than {MAX_SIZE} characters given back",
    "cpu": f"more than {CPU_MILLIS / 1000:g} s of CPU time",
}


def _made(item: Wanted, count: int, kind: Kind) -> list[list[Value]]:
    try:
        method = JavaSource(item.java).method(item.method)
    except JavaError:
        return []  # `record` says why
    if item.examples:
        return generate_like(method, json.loads(item.examples), count, item.pool)
    return inputs.generate(method, count, item.pool, kind)
