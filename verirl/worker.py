"""Life of a worker process: load one task, then answer its pool (workers.py) until that goes away.

A worker is no sandbox. It runs the plugin's own code, which is trusted; untrusted programs go through `verirl_sandbox`.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from verirl.errors import VerirlError
from verirl.messages import AT_FAULT, RAISED, fault, problem_from_json, problem_to_json, read, verdict_to_json, write
from verirl.types import OPTIONAL, Case, Problem, Status

if TYPE_CHECKING:
    from verirl_sandbox import Sandbox

UNSAFE = "(no sandbox: --unsafe) "  # every verdict's reason begins so where that is the case


class _Tools:
    """What a worker lends its task; it lives as long as the worker."""

    def __init__(self, unsafe: bool) -> None:
        self.unsafe = unsafe

    @cached_property
    def sandbox(self) -> Sandbox:
        """One slot, since a worker verifies one response at a time. Raises SandboxUnavailable."""
        from verirl_sandbox import Sandbox

        return Sandbox(1, backend="unsafe" if self.unsafe else "auto")

    @property
    def in_the_open(self) -> bool:
        """Whether candidates have been run with nothing around them."""
        return self.unsafe and "sandbox" in self.__dict__

    @property
    def lm(self) -> NoReturn:
        raise RuntimeError("this run lends no language model")


def main() -> None:
    """Life of a worker process: load the task, then answer until the parent goes away."""
    incoming, outgoing = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # whatever the plugin reads or prints, the protocol is not there
    os.dup2(2, 1)
    die_with_parent()
    import faulthandler

    faulthandler.enable()  # a crash in C leaves a stack on stderr, whose tail the parent keeps
    first = read(incoming)
    if first is None:
        os._exit(0)
    try:
        task = _load(first["task"], first["config"])
    except BaseException as error:  # noqa: BLE001  # whatever it is, the parent is told
        known = isinstance(error, VerirlError)
        reason = str(error) if known else f"task {first['task']!r} could not be loaded: {_describe(error, None)}"
        write(outgoing, {"error": reason, "cpu": 0.0})
        os._exit(1)
    tools = _Tools(first["unsafe"])
    write(outgoing, {"offers": [name for name in OPTIONAL if callable(getattr(task, name, None))], "cpu": 0.0})
    _limit_memory(first["memory_gib"])
    while (message := read(incoming)) is not None:
        memory = first["memory_gib"]
        if "inspect" in message or "prepare" in message:
            reply = _unlimited(task, message, memory, tools)
        elif "respond" in message:
            reply = _respond(task, message, tools)
        else:
            reply = _verify(task, message, tools)
        write(outgoing, {**reply, "cpu": time.process_time()})
    os._exit(0)  # without waiting for whatever threads the plugin started


def _load(name: str, config: dict[str, Any]) -> Any:
    from verirl.plugins import load_task_class, task_config

    found = load_task_class(name)
    return found(task_config(found, config, f"task {name!r}"))


def _unlimited(task: Any, message: Mapping[str, Any], memory_gib: float, tools: _Tools) -> dict[str, Any]:
    """The plugin's own work, which no response takes part in: it may take what memory it needs."""
    _limit_memory(None)
    try:
        if "inspect" in message:
            return {"value": _inspect(task, message)}
        task.prepare([problem_from_json(value) for value in message["prepare"]], tools)
        return {}
    except BaseException as error:  # noqa: BLE001  # as in `_verify`
        return {"error": _describe(error, task), "traceback": _own_traceback(error)}
    finally:
        _limit_memory(memory_gib)


def _inspect(task: Any, message: Mapping[str, Any]) -> Any:
    """Raises TypeError where the plugin gives something else than the contract says."""
    method, arguments = message["inspect"], message["arguments"]
    if method == "problems":
        return [_problem(problem) for problem in task.problems(arguments[0])]
    if method == "reference":
        given = [task.reference(problem_from_json(value)) for value in arguments[0]]
        for reference in given:
            if not isinstance(reference, str | None):
                raise TypeError(f"reference gave {type(reference).__name__}, not a response's text or None")
        return given
    told = []
    for case in task.cases():
        if not isinstance(case, Case) or not isinstance(case.response, str):
            raise TypeError("it gave something else than a Case whose response is a text")
        told.append({"problem": _problem(case.problem), "response": case.response, "expected": Status(case.expected)})
    return told


def _problem(problem: Any) -> dict[str, Any]:
    if not isinstance(problem, Problem):
        raise TypeError(f"it gave {type(problem).__name__}, not a Problem")
    told = problem_to_json(problem)
    try:
        json.dumps(told)
    except (TypeError, ValueError) as error:
        raise TypeError(f"problem {problem.id!r} is not plain JSON ({error})") from None
    return told


def _verify(task: Any, message: Mapping[str, Any], tools: _Tools) -> dict[str, Any]:
    problem = problem_from_json(message["problem"])
    responses = message["responses"]
    begun = time.perf_counter()
    try:
        if message.get("group"):
            found = task.verify_group(problem, responses, tools)
            if not isinstance(found, list | tuple) or len(found) != len(responses):
                return {"error": f"verify_group must return a list of {len(responses)} verdicts"}
        elif message.get("episode"):
            found = [task.verify_episode(problem, responses[0], tools)]
        else:
            found = [task.verify(problem, responses[0], tools)]
    except BaseException as error:  # noqa: BLE001  # SystemExit too: a verifier has no say in the worker's life
        return _raised(error, task)
    seconds = (time.perf_counter() - begun) / len(responses)
    return {"verdicts": [_checked(verdict, seconds, tools.in_the_open) for verdict in found]}


def _respond(task: Any, message: Mapping[str, Any], tools: _Tools) -> dict[str, Any]:
    try:
        said = task.respond(problem_from_json(message["problem"]), message["respond"], tools)
    except BaseException as error:  # noqa: BLE001  # as in `_verify`
        return _raised(error, task)
    if not isinstance(said, str | None):
        return {"error": f"{AT_FAULT}: `respond` returned {type(said).__name__}, not a message's text or None"}
    return {"said": said}


def _raised(error: BaseException, task: Any) -> dict[str, Any]:
    if _is_memory_error(error):
        return {"memory": True}
    if type(error).__name__ == "SandboxUnavailable":
        return {"refused": str(error)}
    return {"error": f"{RAISED} {_describe(error, task)}"}


def _checked(verdict: Any, seconds: float, in_the_open: bool) -> dict[str, Any]:
    try:
        told = verdict_to_json(verdict, seconds)
        if in_the_open:
            told["reason"] = f"{UNSAFE}{told['reason']}"
        return told
    except (TypeError, ValueError, AttributeError) as error:
        return verdict_to_json(fault(f"{AT_FAULT}: {error}"), seconds)


def _is_memory_error(error: BaseException) -> bool:
    seen = 0
    link: BaseException | None = error
    while link is not None and seen < 20:
        if isinstance(link, MemoryError):
            return True
        link, seen = link.__cause__ or link.__context__, seen + 1
    return False


def _describe(error: BaseException, task: Any) -> str:
    """Type, message, and the last line of the plugin's own code in the traceback; of our errors the sentence alone."""
    import inspect
    import traceback

    if isinstance(error, VerirlError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    if task is not None and frames:
        home = os.path.dirname(inspect.getfile(type(task)))
        own = [frame for frame in frames if os.path.dirname(frame.filename).startswith(home)]
        frame = (own or list(frames))[-1]
        return f"{type(error).__name__}: {error} ({frame.filename}:{frame.lineno}: {frame.line})"
    return f"{type(error).__name__}: {error}"


def _own_traceback(error: BaseException) -> str:
    """The traceback from where our code ends and the plugin's begins."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    while frames and frames[0].filename == __file__:
        frames.pop(0)
    return "".join([*traceback.format_list(frames), *traceback.format_exception_only(error)])


def _limit_memory(gib: float | None) -> None:
    """Lets the address space grow by `gib` from now on, or freely. Only the soft limit, so that it can be lifted."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = hard
    if gib is not None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        soft = pages * os.sysconf("SC_PAGE_SIZE") + int(gib * 2**30)
        soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def die_with_parent() -> None:
    """A worker that is idle notices the closed pipe; this is for one that is busy."""
    import ctypes

    ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))  # 1: PR_SET_PDEATHSIG
