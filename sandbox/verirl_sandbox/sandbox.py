"""Runs untrusted code: `Sandbox().call(source, "function", [[1], [2]])`.

Fails closed: without a working backend it refuses, and says what to install. docs/sandbox.md says what is covered by which
layer, and what is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final, Self

from verirl_sandbox import backends, plain
from verirl_sandbox.results import Call, Limits, Outcome, ProgramResult, Result, SandboxError
from verirl_sandbox.slot import Slot, SlotDied

DEFAULT: Final = Limits()
MAX_SOURCE = 4 << 20  # characters
RECYCLED_AFTER = 100_000  # runs of a slot


class Sandbox:
    """`slots` zygotes, each of which runs one candidate at a time; callers beyond that wait for a free one.

    To be used from any thread, from asyncio (`acall`), and from forked or spawned processes, each of which gets slots of
    its own. Slots start when they are first needed. Every run is a fresh fork that knows nothing of those before it.

    backend: "auto" (the first that works), "namespaces", "landlock", or "unsafe", which protects from nothing.
    preload: modules that candidates may import beside the standard library, "numpy" for one.
    second_look: how many of a run's calls are repeated in a fork of their own; state that is carried from call to call,
        or chance, shows in another answer.

    Raises SandboxUnavailable where the backend does not work here, with what to install.
    """

    def __init__(
        self,
        slots: int | None = None,
        *,
        backend: str = "auto",
        limits: Limits = DEFAULT,
        preload: Sequence[str] = (),
        second_look: int = 2,
    ) -> None:
        if slots is not None and slots < 1:
            raise ValueError(f"slots is {slots}; it must be 1 or more.")
        if second_look < 0:
            raise ValueError(f"second_look is {second_look}; it must be 0 or more.")
        self.slots = slots or os.cpu_count() or 1
        self.limits = limits
        self.preload = tuple(preload)
        self.second_look = second_look
        self.backend = backends.choose(backend)
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._idle: queue.LifoQueue[_Place] = queue.LifoQueue()
        for _ in range(self.slots):
            self._idle.put(_Place())
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None
        self._places: list[_Place] = list(self._idle.queue)
        self._closed = False

    def call(
        self,
        source: str,
        function: str,
        calls: Sequence[Sequence[Any]],
        limits: Limits | None = None,
        *,
        second_look: int | None = None,
    ) -> Result:
        """Loads `source` and calls `function` (a dotted path reaches into classes) once for each list of arguments; with
        no calls and "" for a function it is loaded and nothing else. `second_look` in place of the sandbox's: 0 where other
        calls follow before anything is decided.

        Whatever the candidate does is in the result's `outcome`. Raises ValueError for arguments that are no plain data
        (plain.py), and SandboxError where a sandbox process cannot be started: a fault of the machine's, not of the
        candidate's.
        """
        limits = limits or self.limits
        encoded = _encoded(source, function, calls)
        result = self._run(source, function, encoded, limits)
        again = _chosen(source, len(encoded), self.second_look if second_look is None else second_look)
        if result.ok and again:
            second = self._run(source, function, [encoded[index] for index in again], limits)
            for index, answer in zip(again, second.calls, strict=False):
                if not _same(result.calls[index], answer):
                    return replace(
                        result, outcome=Outcome.UNSTABLE, detail=f"call {index + 1} has another answer alone"
                    )
            if not second.ok:
                return replace(result, outcome=Outcome.UNSTABLE, detail=f"when asked again: {second.detail}")
        return result

    async def acall(
        self, source: str, function: str, calls: Sequence[Sequence[Any]], limits: Limits | None = None
    ) -> Result:
        """`call`, for asyncio."""
        self._still_ours()
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self.slots, thread_name_prefix="verirl-sandbox")
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: self.call(source, function, calls, limits)
        )

    def run(
        self,
        argv: Sequence[str],
        files: Mapping[str, bytes | str] | None = None,
        limits: Limits | None = None,
        *,
        stdin: bytes = b"",
        outputs: Sequence[str] = (),
        folders: Sequence[str] = (),
    ) -> ProgramResult:
        """Runs a program (javac, java, pip) in a bubblewrap of its own, in a working folder that holds `files`.

        outputs: patterns (pathlib's) of files in that folder that come back. folders: of the host, to be read.
        Raises FileNotFoundError for a program that is not there, ValueError for a path that leaves the working folder.
        """
        from verirl_sandbox import program

        return program.run(argv, files or {}, limits or self.limits, stdin, outputs, folders, self.backend)

    def close(self) -> None:
        """Ends the slots; waits for runs that are under way."""
        if self._closed or self._process != os.getpid():
            return
        self._closed = True
        if self._threads is not None:
            self._threads.shutdown()
        for _ in range(self.slots):
            self._idle.get().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if not self.__dict__.get("_closed", True) and self._process == os.getpid():
            for place in self._places:
                with contextlib.suppress(Exception):  # the interpreter may be ending
                    place.close()

    def __getstate__(self) -> dict[str, Any]:
        return {
            "slots": self.slots,
            "limits": self.limits,
            "preload": self.preload,
            "second_look": self.second_look,
            "backend": self.backend,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()

    def _still_ours(self) -> None:
        if self._process != os.getpid():  # a fork's copy: the slots belong to the parent
            for place in self._places:
                place.abandon()
            self._begin()

    def _run(self, source: str, function: str, calls: Sequence[str], limits: Limits) -> Result:
        for attempt in (1, 2):
            with self._slot() as place:
                try:
                    return place.slot(self).run(source, function, calls, limits)
                except SlotDied:
                    place.close()
                    if attempt == 2:
                        raise
        raise AssertionError  # not reached

    @contextlib.contextmanager
    def _slot(self) -> Iterator[_Place]:
        self._still_ours()
        if self._closed:
            raise SandboxError("the sandbox is closed")
        idle = self._idle
        place = idle.get()
        try:
            yield place
        except BaseException:
            place.close()  # it may be in the middle of a run
            raise
        finally:
            idle.put(place)


class _Place:
    """Where a slot is, or will be."""

    def __init__(self) -> None:
        self._slot: Slot | None = None
        self._runs = 0

    def slot(self, sandbox: Sandbox) -> Slot:
        if self._slot is not None and self._runs >= RECYCLED_AFTER:
            self.close()
        if self._slot is None:
            self._slot = Slot(sandbox.backend, sandbox.preload)
            self._runs = 0
        self._runs += 1
        return self._slot

    def close(self) -> None:
        slot, self._slot = self._slot, None
        if slot is not None:
            slot.close()

    def abandon(self) -> None:
        slot, self._slot = self._slot, None
        if slot is not None:
            slot.abandon()


def _encoded(source: str, function: str, calls: Sequence[Sequence[Any]]) -> list[str]:
    if not isinstance(source, str) or not isinstance(function, str):
        raise ValueError("source and function must be text.")  # noqa: TRY004 - one kind of error for bad input
    if len(source) > MAX_SOURCE:
        raise ValueError(f"the source has {len(source)} characters; at most {MAX_SOURCE} are taken.")
    encoded = []
    for number, arguments in enumerate(calls, start=1):
        if not isinstance(arguments, (list, tuple)):
            raise ValueError(f"call {number}: the arguments must be a list, one item for each.")  # noqa: TRY004
        try:
            encoded.append(plain.encode(list(arguments), MAX_SOURCE))
        except plain.NotPlain as error:
            raise ValueError(
                f"call {number}: {error}; plain data are numbers, text, bytes, None and containers."
            ) from None
    return encoded


def _chosen(source: str, calls: int, count: int) -> list[int]:
    """Which calls are asked again, last one first: the same ones every time, and not to be known from inside."""
    if not calls or not count:
        return []
    draw = int.from_bytes(hashlib.sha256(source.encode("utf-8", "surrogatepass")).digest(), "big")
    chosen = [calls - 1]
    rest = list(range(calls - 1))
    while rest and len(chosen) < count:
        draw, index = divmod(draw, len(rest))
        chosen.append(rest.pop(index))
    return chosen


def _same(one: Call, other: Call) -> bool:
    texts = [plain.encode([call.value, call.exception, call.args_after], 1 << 30, opaque=True) for call in (one, other)]
    return texts[0] == texts[1]
