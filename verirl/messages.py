"""What a pool and its worker processes say to each other: length-prefixed JSON, nothing ever pickled."""

from __future__ import annotations

import json
import numbers
import os
import struct
from collections.abc import Mapping
from typing import Any

from verirl.types import Problem, Status, Verdict

TEXT_CAP = 2_000  # characters of `answer` and `reason` that come back
LENGTH = struct.Struct(">I")
# What the reason of an `infrastructure_error` begins with, by cause.
RAISED, AT_FAULT, HUNG, DIED = "the verifier raised", "the verifier is at fault", "the worker hung", "the worker died"


def problem_to_json(problem: Problem) -> dict[str, Any]:
    return {
        "id": problem.id,
        "prompt": [dict(message) for message in problem.prompt],
        "data": dict(problem.data),
        "split": problem.split,
        "tags": list(problem.tags),
    }


def problem_from_json(value: Mapping[str, Any]) -> Problem:
    return Problem(**{**value, "tags": tuple(value["tags"])})


def verdict_to_json(verdict: Verdict, seconds: float) -> dict[str, Any]:
    """Raises ValueError or TypeError, with a reason for people, where the plugin returned no proper verdict."""
    if not isinstance(verdict, Verdict):
        raise TypeError(f"it returned {type(verdict).__name__}, not a Verdict")
    status = Status(verdict.status)
    if status is Status.SCORED:
        raise ValueError("it returned status `scored`, which belongs to learned rewards")
    reward = verdict.reward
    if status.caused_by_policy:
        if not isinstance(reward, numbers.Real) or not 0.0 <= float(reward) <= 1.0:  # NaN fails this too
            raise ValueError(f"it returned reward {reward!r} with status `{status}`; a task's reward lies in [0, 1]")
        reward = float(reward)
    elif reward is not None:
        raise ValueError(f"it returned reward {reward!r} with status `{status}`, whose reward must be None")
    answer = verdict.answer
    return {
        "status": str(status),
        "reward": reward,
        "answer": None if answer is None else str(answer)[:TEXT_CAP],
        "reason": str(verdict.reason)[:TEXT_CAP],
        "parts": {str(name): float(value) for name, value in verdict.parts.items()},
        "seconds": seconds,
    }


def verdict_from_json(value: Mapping[str, Any]) -> Verdict:
    return Verdict(**{**value, "status": Status(value["status"])})


def pack(message: Mapping[str, Any]) -> bytes:
    """ASCII JSON behind its length: lone surrogates, NUL and the like travel as escapes."""
    body = json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return LENGTH.pack(len(body)) + body


def fault(reason: str) -> Verdict:
    return Verdict(status=Status.INFRASTRUCTURE_ERROR, reason=reason[:TEXT_CAP])


def read(fd: int) -> dict[str, Any] | None:
    """The next message, or None where the parent has closed the pipe."""
    header = _read_exactly(fd, LENGTH.size)
    if header is None:
        return None
    body = _read_exactly(fd, LENGTH.unpack(header)[0])
    return None if body is None else json.loads(body)


def _read_exactly(fd: int, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        chunk = os.read(fd, min(size - len(parts), 1 << 20))
        if not chunk:
            return None
        parts += chunk
    return bytes(parts)


def write(fd: int, message: Mapping[str, Any]) -> None:
    left = memoryview(pack(message))
    while left:
        left = left[os.write(fd, left) :]
