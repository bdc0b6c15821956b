"""What goes into a run and what comes out of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Final


class SandboxError(Exception):
    """A fault of ours or of the caller's, never of the candidate's; its message is one sentence that says what to do."""


class SandboxUnavailable(SandboxError):
    """No backend works on this machine, or not the one that was asked for."""


class Outcome(StrEnum):
    """What stopped a run; `OK` where every call was answered (an exception is an answer)."""

    OK = "ok"
    LOAD_ERROR = "load_error"  # the source does not compile, or raised while it was loaded
    NO_FUNCTION = "no_function"  # it has no such function
    EXITED = "exited"  # the process ended without an answer
    CRASHED = "crashed"  # a signal ended it: a segmentation fault, a forbidden kind of system call
    CPU_LIMIT = "cpu_limit"
    WALL_LIMIT = "wall_limit"  # it slept
    MEMORY_LIMIT = "memory_limit"
    FILE_LIMIT = "file_limit"
    OUTPUT_LIMIT = "output_limit"  # too much on stdout and stderr, or an answer that is too large
    FORGED = "forged"  # what came back is not what the protocol allows: bytes too many, or no answer at all
    UNSTABLE = "unstable"  # the second look got another answer: state is carried between calls, or chance decides
    FAILED = "failed"  # of `run`: an exit code other than 0


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Of one run, all its calls together. Raises ValueError where one is out of its range."""

    cpu_seconds: float = 5.0
    wall_seconds: float = 30.0  # from dispatch, killed from outside; waiting for a free slot does not count
    memory_mib: int = 512  # address space beyond the interpreter's own; of `run`: of all its processes, with cgroups
    file_mib: int = 16  # all files together
    open_files: int = 64
    threads: int = 32
    output_kib: int = 64  # of stdout and of stderr, each, that is kept
    flood_mib: int = 8  # of stdout and stderr together: more ends the run
    answer_kib: int = 1024  # of one answer, encoded

    def __post_init__(self) -> None:
        for item in fields(self):
            low, high = _RANGES[item.name]
            value = getattr(self, item.name)
            whole = item.type == "int"
            wanted = int if whole else (int, float)
            if isinstance(value, bool) or not isinstance(value, wanted) or not low <= value <= high:
                kind = "a whole number" if whole else "a number"
                raise ValueError(f"limits.{item.name} is {value!r}; it must be {kind} from {low} to {high}.")


_RANGES: Final = {
    "cpu_seconds": (0.01, 3600),
    "wall_seconds": (0.01, 36000),
    "memory_mib": (16, 1 << 20),
    "file_mib": (1, 1 << 16),
    "open_files": (8, 1 << 16),
    "threads": (1, 1 << 12),
    "output_kib": (0, 1 << 16),
    "flood_mib": (1, 1 << 16),
    "answer_kib": (1, 1 << 16),
}


@dataclass(frozen=True)
class Opaque:
    """Stands for a value that is no plain data: an object of a class of the candidate's own, a generator, a function,
    something nested too deeply. It equals nothing."""

    type: str

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = object.__hash__


@dataclass(frozen=True, kw_only=True)
class Call:
    """The answer to one call: plain data of base types only (plain.py), whatever classes the candidate used."""

    value: Any = None
    exception: str | None = None  # its class's name
    args_after: list[Any] = field(default_factory=list)  # as the call left them
    seconds: float = math.nan  # wall clock, measured outside, from the question to the answer


@dataclass(frozen=True, kw_only=True)
class Result:
    """`calls` holds the answers that came before something stopped the run: one for each call where `outcome` is ok."""

    outcome: Outcome
    calls: list[Call] = field(default_factory=list)
    detail: str = ""  # one line for people; of the candidate's making in part, so never to decide by
    stdout: str = ""
    stderr: str = ""
    output_bytes: int = 0  # of both, that were written; may be more than what is kept
    cpu_seconds: float = 0.0
    seconds: float = 0.0  # wall clock, without waiting for a slot
    backend: str = ""

    @property
    def ok(self) -> bool:
        return self.outcome == Outcome.OK


@dataclass(frozen=True, kw_only=True)
class ProgramResult:
    """Of `Sandbox.run`. `exit_code` is None where a limit or a signal ended the program."""

    outcome: Outcome
    exit_code: int | None = None
    detail: str = ""
    stdout: bytes = b""
    stderr: bytes = b""
    output_bytes: int = 0
    files: dict[str, bytes] = field(default_factory=dict)  # those asked for, by their path in the working folder
    cpu_seconds: float = 0.0
    seconds: float = 0.0
    backend: str = ""

    @property
    def ok(self) -> bool:
        return self.outcome == Outcome.OK
