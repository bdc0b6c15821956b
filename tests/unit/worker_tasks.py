"""Small tasks that misbehave on demand: the response says how. Loaded by path, as a user's own file would be."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from verirl.errors import DataError
from verirl.types import Problem, Status, Verdict


class Misbehaving:
    class Config(BaseModel):
        marks: str = ""
        """A file that gets one line for every call of `sleep`."""
        no_sandbox: bool = False
        """As on a machine where no backend works."""

    def __init__(self, config: Any) -> None:
        self.config = config

    def problems(self, split: str) -> Sequence[Problem]:
        return []

    def verify(self, problem: Problem, response: str, tools: Any) -> Any:
        act, _, rest = response.partition(":")
        if act == "raise":
            raise ValueError("no good: " + rest)
        if act == "exit":
            sys.exit(3)
        if act == "os_exit":
            os._exit(7)
        if act == "segfault":
            import ctypes

            ctypes.string_at(0)
        if act == "spin":
            while True:
                pass
        if act == "spin_threads":
            for _ in range(2):
                threading.Thread(target=_spin, daemon=True).start()
            _spin()
        if act == "work":
            end = time.process_time() + float(rest)
            while time.process_time() < end:
                pass
        if act == "sleep":
            with Path(self.config.marks).open("a") as file:
                file.write("sleep\n")
            time.sleep(600)
        if act == "nap":
            time.sleep(float(rest))
        if act == "hog":
            hoard = [bytearray(1 << 20)]
            while True:
                hoard.append(bytearray(16 << 20))
        if act == "wrapped_hog":
            try:
                bytearray(1 << 40)
            except MemoryError as error:
                raise ValueError("wrapped") from error
        if act == "none":
            return None
        if act == "return":
            return {
                "nan": Verdict(status=Status.CORRECT, reward=float("nan")),
                "big": Verdict(status=Status.CORRECT, reward=1.5),
                "missing": Verdict(status=Status.CORRECT),
                "scored": Verdict(status=Status.SCORED, reward=1.0),
                "odd": Verdict(status="fine", reward=1.0),  # type: ignore[arg-type]
                "invalid": Verdict(status=Status.INVALID_PROBLEM, reason="no gold"),
                "blamed": Verdict(status=Status.INVALID_PROBLEM, reward=0.0),
                "long": Verdict(status=Status.CORRECT, reward=1, answer="a" * 1_000_000, parts={"x": 1}),
            }[rest]
        if act == "print":
            print("noise" * 100_000, flush=True)
            os.write(1, b"\x00\x00\x00\x04null")
            sys.stderr.write("more\n")
            sys.stdin.read()
        if act == "pid":
            return Verdict(status=Status.CORRECT, reward=1.0, answer=str(os.getpid()))
        if act == "tools":
            return Verdict(status=Status.CORRECT, reward=1.0, answer=str(getattr(tools, rest)))
        if act == "sandbox":
            if self.config.no_sandbox:
                from verirl_sandbox import backends

                backends.problem = lambda name: "not here"  # type: ignore[assignment]
            result = tools.sandbox.call("def f(): return bool(open('/etc/passwd').read())", "f", [[]])
            return Verdict(status=Status.CORRECT, reward=1.0, answer=str(result.calls[0].value))
        if act == "child":
            import subprocess

            child = subprocess.Popen(["sleep", "600"])
            Path(rest).write_text(str(child.pid))
            _spin()
        return Verdict(status=Status.CORRECT, reward=1.0, answer=repr((problem.data.get("text"), response)))


class Grouping:
    """Has `verify_group` and `prepare`."""

    class Config(BaseModel):
        pass

    def __init__(self, config: Any) -> None:
        self.prepared: list[str] = []

    def problems(self, split: str) -> Sequence[Problem]:
        return []

    def prepare(self, problems: Sequence[Problem], tools: Any) -> None:
        if any(problem.data.get("bad") for problem in problems):
            raise DataError("no index") if problems[0].data["bad"] == "data" else RuntimeError("cannot prepare")
        self.prepared += [problem.id for problem in problems]

    def verify(self, problem: Problem, response: str, tools: Any) -> Verdict:
        if response == "spin":
            _spin()
        return Verdict(status=Status.CORRECT, reward=1.0, reason="alone", answer=" ".join(self.prepared))

    def verify_group(self, problem: Problem, responses: Sequence[str], tools: Any) -> list[Any]:
        if "spin" in responses:
            _spin()
        if "short" in responses:
            return []
        return [
            None if response == "none" else Verdict(status=Status.PARTIAL, reward=0.5, answer=response)
            for response in responses
        ]


class Broken:
    class Config(BaseModel):
        pass

    def __init__(self, config: Any) -> None:
        raise OSError("the index is missing")

    def problems(self, split: str) -> Sequence[Problem]:
        return []

    def verify(self, problem: Problem, response: str, tools: Any) -> Verdict:
        raise NotImplementedError


class Dying(Broken):
    def __init__(self, config: Any) -> None:
        os._exit(9)


def _spin() -> None:
    while True:
        pass
