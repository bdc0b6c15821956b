"""The one pool of killable worker processes in which every plugin's code runs on a response.

A worker is a plain child process (no multiprocessing, so notebooks, threads, asyncio and Ray are all fine) that loads
one task and answers length-prefixed JSON messages; nothing is ever pickled. The parent watches the worker's CPU clock
from outside, so a limit counts CPU time only, a busy machine changes no verdict, and no code of the plugin's can
dodge it. Linux only: other processes' CPU clocks, RLIMIT_AS and PR_SET_PDEATHSIG.

What it does not do: workers are no sandbox. They run the plugin's own code, which is trusted; untrusted programs go
through `verirl_sandbox`.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from verirl.errors import NoSandboxError, PluginError
from verirl.messages import DIED, HUNG, LENGTH, fault, pack, problem_to_json, verdict_from_json
from verirl.types import Message, Problem, Status, Trajectory, Verdict

START_SECONDS = 120.0  # wall clock for loading a plugin: behind it something hangs
RECYCLE_ITEMS = 10_000  # a start costs about as much as 2,000 easy verifications, so not much oftener than this
_CORES = os.cpu_count() or 1
# The worker gets the parent's import path, not the current folder's: a stray `random.py` there must not break it.
_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from verirl.worker import main; main()"


class _NoAnswer(Exception):
    """The worker gave no answer: `why` is `cpu`, `wall`, `memory` or `died`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class _Exceeded(Exception):
    """A limit that the policy answers for; carries the verdict."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


class _Worker:
    """One slot of the pool: a process that can be replaced. Used by one thread at a time, but for `kill`."""

    process: subprocess.Popen[bytes] | None = None

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.ready = False  # has answered the first message
        self.prepared = 0  # batches of `prepare` that it has seen
        self.items = 0
        self.base_rss = 0
        self.outgoing = b""
        self.tail = b""  # the end of its stderr

    def start(self, first: bytes, hash_seed: int) -> None:
        """Starts the process, which sets to work on its first message while nobody waits."""
        self.ready, self.prepared, self.items, self.outgoing, self.tail = False, 0, 0, b"", b""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _BOOT, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # Ctrl-C is the parent's to handle, and the whole group can be killed
            env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        )
        self.stdin, self.stdout, self.stderr = (
            pipe.fileno() for pipe in (self.process.stdin, self.process.stdout, self.process.stderr) if pipe
        )
        for fd in (self.stdin, self.stdout, self.stderr):
            os.set_blocking(fd, False)
        self._send(first)

    def kill(self) -> None:
        """Any thread may call this. While nobody has reaped the process its number cannot belong to another."""
        with self.lock:
            if self.process is not None and self.process.returncode is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Kills the process with all that it started, reaps it, and closes the pipes."""
        if self.process is None:
            return
        self.kill()
        with self.lock:
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.process = None

    def rss(self) -> int:
        """Resident memory in pages."""
        assert self.process is not None
        try:
            return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        except (OSError, IndexError, ValueError):
            return 0

    def ask(self, frame: bytes, cpu: float | None, wall: float) -> dict[str, Any]:
        """Sends one message and waits for its answer. `cpu` and `wall` are in seconds. Raises _NoAnswer."""
        base = self._cpu_clock()
        self._send(frame)
        return self.receive(cpu, wall, base)

    def receive(self, cpu: float | None, wall: float, base: float = 0.0) -> dict[str, Any]:
        incoming = bytearray()
        deadline = time.monotonic() + wall
        poller = select.poll()
        poller.register(self.stdout, select.POLLIN)
        poller.register(self.stderr, select.POLLIN)
        if self.outgoing:
            poller.register(self.stdin, select.POLLOUT)
        while True:
            patience = deadline - time.monotonic()
            if patience <= 0:
                raise _NoAnswer("wall")
            if cpu is not None:
                left = cpu - (self._cpu_clock() - base)
                if left <= 0:
                    raise _NoAnswer("cpu")
                patience = min(patience, left / _CORES)  # all cores together cannot use up the rest any sooner
            for fd, _ in poller.poll(max(1, math.ceil(min(patience, 3600.0) * 1000))):
                if fd == self.stdin:
                    self._send(b"")
                    if not self.outgoing:
                        poller.unregister(fd)
                elif fd == self.stderr:
                    if not self._drain_stderr():
                        poller.unregister(fd)
                elif chunk := os.read(fd, 1 << 16):
                    incoming += chunk
                else:
                    raise _NoAnswer("died")
            if len(incoming) >= LENGTH.size:
                (length,) = LENGTH.unpack_from(incoming)
                if len(incoming) >= LENGTH.size + length:
                    break
        reply: dict[str, Any] = json.loads(incoming[LENGTH.size :])
        # The same clock decides when the answer beat the kill: a late answer counts no more than none.
        if cpu is not None and reply["cpu"] - base > cpu:
            raise _NoAnswer("cpu")
        if reply.get("memory"):
            raise _NoAnswer("memory")
        return reply

    def post_mortem(self) -> tuple[str, bool]:
        """How the process ended, for people, and whether memory was the cause. It must have closed its pipe."""
        assert self.process is not None
        while self._drain_stderr():
            pass
        self.kill()  # what it started; its own exit code is set by now
        with self.lock:
            code = self.process.wait()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        tail = self.tail.decode("utf-8", "replace").strip()
        starved = code != 0 and any(
            word in tail for word in ("MemoryError", "bad_alloc", "Cannot allocate memory", "out of memory")
        )
        lines = tail.splitlines() or ["nothing on its stderr"]
        fatal = [line for line in lines if line.startswith("Fatal Python error")]  # what faulthandler writes
        return f"{how}; {(fatal or lines)[-1].strip()}", starved

    def _cpu_clock(self) -> float:
        """CPU seconds of the process, all threads, measured from here (clock id: see clock_getcpuclockid(3))."""
        assert self.process is not None
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def _send(self, frame: bytes) -> None:
        """Writes what fits into the pipe now; `receive` sends the rest."""
        self.outgoing += frame
        try:
            while self.outgoing:
                self.outgoing = self.outgoing[os.write(self.stdin, self.outgoing) :]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self.outgoing = b""  # it died; `receive` finds that out

    def _drain_stderr(self) -> bool:
        try:
            chunk = os.read(self.stderr, 1 << 16)
        except BlockingIOError:
            return False
        self.tail = (self.tail + chunk)[-4096:]
        return bool(chunk)


class WorkerPool:
    """Runs a task's verifier on responses, in `workers` processes. Every method may be called from any thread.

    task_name: as in `verirl.plugins.load_task_class`. task_config: the plugin's own config, as plain values.
    cpu_seconds: CPU time of one verification; over it the verdict is `timeout`, reward 0.
    memory_gib: address space that a worker may grow by after loading; over it the verdict is `limit`, reward 0.
    wall_seconds: a worker that takes longer is killed and the item tried once more, then `infrastructure_error`.
    unsafe: what the model wrote is run with nothing around it, and the verdicts say so.
    prepare_seconds: wall clock of one call of the task's `prepare`, behind which it hangs.
    hash_seed: PYTHONHASHSEED of the workers; always the same, so that the order of sets changes no verdict.

    Verifying raises NoSandboxError where the task asks for the sandbox and none works here. Raises PluginError (or the plugin's own VerirlError, as PluginError) where the task does not load.
    """

    def __init__(
        self,
        task_name: str,
        task_config: Mapping[str, Any],
        workers: int = 2,
        cpu_seconds: float = 2.0,
        memory_gib: float = 1.0,
        wall_seconds: float = 120.0,
        unsafe: bool = False,
        hash_seed: int = 0,
        prepare_seconds: float = math.inf,
    ) -> None:
        self.prepare_seconds = prepare_seconds
        self.cpu_seconds, self.memory_gib, self.wall_seconds = cpu_seconds, memory_gib, wall_seconds
        first = {"task": task_name, "config": dict(task_config), "memory_gib": memory_gib, "unsafe": unsafe}
        self._first = pack(first)
        self._hash_seed = hash_seed
        self._batches: list[bytes] = []  # what `prepare` was given: a fresh worker gets it again
        self._closed = False
        self._idle: queue.SimpleQueue[_Worker | None] = queue.SimpleQueue()
        self._fan_out = ThreadPoolExecutor(workers, "verirl-verify")
        # Workers die with the *thread* that started them (PR_SET_PDEATHSIG), so one long-lived thread starts them all.
        self._spawner = ThreadPoolExecutor(1, "verirl-spawn")
        self._workers = [_Worker() for _ in range(workers)]
        try:
            for worker in self._workers:
                self._start(worker)
            for worker in self._workers:
                self._make_ready(worker)
        except BaseException:
            for worker in self._workers:
                self._idle.put(worker)
            self.close()
            raise
        for worker in self._workers:
            self._idle.put(worker)

    def __len__(self) -> int:
        """Worker processes."""
        return len(self._workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kills all workers, whatever they are doing; verifications under way raise RuntimeError. Safe to repeat."""
        if self._closed:
            return
        self._closed = True
        for worker in self._workers:
            worker.kill()
        for _ in self._workers:  # each comes back once its thread has noticed
            worker_or_none = self._idle.get()
            assert worker_or_none is not None
            worker_or_none.stop()
        self._idle.put(None)  # wakes whoever still waits for a worker
        self._fan_out.shutdown()
        self._spawner.shutdown()

    def verify(self, problem: Problem, response: str) -> Verdict:
        """The verdict of one response. Blocks; waiting for a free worker counts towards no limit."""
        verdict: Verdict = self._one({"problem": problem_to_json(problem), "responses": [response]})
        return verdict

    def verify_trajectories(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        """The verdicts of sampled trajectories, in order: episodes of several turns by the task's `verify_episode` where it
        has one, and where the environment failed what it said; all others as `verify_group` has it."""
        if not any(trajectory.turns for trajectory in trajectories):
            return self.verify_group(problem, [trajectory.text for trajectory in trajectories])
        return list(self._fan_out.map(lambda trajectory: self._verify_episode(problem, trajectory), trajectories))

    def verify_trajectory(self, problem: Problem, trajectory: Trajectory) -> Verdict:
        """The verdict of one."""
        return self.verify_trajectories(problem, [trajectory])[0]

    def respond(self, problem: Problem, transcript: Sequence[Message]) -> str | Verdict | None:
        """What the task's environment answers; None: the episode is over. A Verdict is why it cannot answer."""
        message = {"problem": problem_to_json(problem), "respond": [dict(turn) for turn in transcript]}
        said: str | Verdict | None = self._one(message)
        return said

    def _verify_episode(self, problem: Problem, trajectory: Trajectory) -> Verdict:
        if trajectory.fault is not None:
            return trajectory.fault
        if "verify_episode" not in self.offers:
            return self.verify(problem, trajectory.text)
        transcript = [dict(message) for message in (*problem.prompt, *trajectory.turns)]
        verdict: Verdict = self._one({"problem": problem_to_json(problem), "responses": [transcript], "episode": True})
        return verdict

    def _one(self, message: Mapping[str, Any]) -> Any:
        try:
            return self._ask(message, 1)[0]
        except _Exceeded as exceeded:
            return exceeded.verdict

    def verify_group(self, problem: Problem, responses: Sequence[str]) -> list[Verdict]:
        """The verdicts of a group, in order: by the task's `verify_group` where it has one, else one by one.

        A group that exceeds its limits (those of one response, times their number) is verified one by one, so that
        a hostile response costs its neighbours nothing.
        """
        if "verify_group" in self.offers and responses:
            message = {"problem": problem_to_json(problem), "responses": list(responses), "group": True}
            with contextlib.suppress(_Exceeded):
                return self._ask(message, len(responses))
        if len(responses) <= 1:
            return [self.verify(problem, response) for response in responses]
        return list(self._fan_out.map(lambda response: self.verify(problem, response), responses))

    def prepare(self, problems: Iterable[Problem]) -> None:
        """Calls the task's `prepare` once in every worker, without limits: no response is involved.

        Raises PluginError where it raises. Call it before verifying, not while other threads verify.
        """
        if "prepare" not in self.offers:
            return
        self._batches.append(pack({"prepare": [problem_to_json(problem) for problem in problems]}))
        workers = [self._take() for _ in self._workers]
        try:
            for ready in [self._fan_out.submit(self._make_ready, worker) for worker in workers]:
                ready.result()
        except BaseException:
            self._batches.pop()
            for worker in workers:
                self._start(worker)
            raise
        finally:
            for worker in workers:
                self._idle.put(worker)

    def inspect(self, method: str, *arguments: Any, wall: float = math.inf) -> Any:
        """What the task's `problems(split)`, `reference(problems)` (a list) or `cases()` gives, as JSON, without limits but
        `wall` seconds. Raises PluginError, with the plugin's traceback, where it raises, hangs or dies, or gives
        something else."""
        worker = self._take()
        try:
            self._make_ready(worker)
            reply = worker.ask(pack({"inspect": method, "arguments": arguments}), None, wall)
        except _NoAnswer as lost:
            how = (
                f"did not end within {wall:g} s"
                if lost.why == "wall"
                else f"ended its process ({worker.post_mortem()[0]})"
            )
            self._start(worker)
            raise PluginError(f"`{method}` {how}.") from None
        finally:
            self._idle.put(worker)
        if "error" in reply:
            raise PluginError(f"`{method}` failed: {reply['error']}", reply.get("traceback", ""))
        return reply["value"]

    def _take(self) -> _Worker:
        worker = self._idle.get()
        if worker is None or self._closed:
            self._idle.put(worker)
            raise RuntimeError("the worker pool is closed")
        return worker

    def _start(self, worker: _Worker) -> None:
        if not self._closed:
            worker.stop()
            self._spawner.submit(worker.start, self._first, self._hash_seed).result()

    def _make_ready(self, worker: _Worker) -> None:
        """Waits until the worker has loaded the task, and prepared what was to be prepared. Raises PluginError."""
        try:
            if worker.process is None:
                self._start(worker)
            if not worker.ready:
                reply = worker.receive(None, START_SECONDS)
                if "error" in reply:
                    raise PluginError(reply["error"])
                self.offers = frozenset(reply["offers"])
                worker.ready, worker.base_rss = True, worker.rss()
            while worker.prepared < len(self._batches):
                reply = worker.ask(self._batches[worker.prepared], None, self.prepare_seconds)
                if "error" in reply:
                    raise PluginError(f"the task's `prepare` failed: {reply['error']}")
                worker.prepared, worker.base_rss = worker.prepared + 1, worker.rss()
        except _NoAnswer as lost:
            if lost.why == "wall" and worker.ready:
                raise PluginError(f"the task's `prepare` did not end within {self.prepare_seconds:g} s.") from None
            if lost.why == "wall":
                raise PluginError(f"the task did not load within {START_SECONDS:g} s in a worker process.") from None
            how, _ = worker.post_mortem()
            raise PluginError(f"a worker process died while loading or preparing the task ({how}).") from None

    def _ask(self, message: Mapping[str, Any], count: int) -> list[Any]:
        """`count` verdicts, or what the environment said. Raises _Exceeded where a limit was reached, RuntimeError where
        the pool was closed."""
        try:
            frame = pack(message)
        except (TypeError, ValueError) as error:
            return [fault(f"the problem is not plain JSON ({error}); a problem's data must be.")] * count
        for retried in (False, True):
            worker = self._take()
            begun = time.perf_counter()
            try:
                self._make_ready(worker)
                begun = time.perf_counter()
                reply = worker.ask(frame, self.cpu_seconds * count, self.wall_seconds * count)
                worker.items += count
                if worker.items >= RECYCLE_ITEMS or self._has_grown(worker):
                    self._start(worker)
            except _NoAnswer as lost:
                seconds = time.perf_counter() - begun
                if self._closed:
                    raise RuntimeError("the worker pool is closed") from None
                verdict = self._verdict_of(lost, worker, seconds)
                self._start(worker)
                if lost.why == "wall" and not retried:
                    continue
                if verdict.status.caused_by_policy:
                    raise _Exceeded(verdict) from None
                return [verdict] * count
            except PluginError as error:  # it loaded before, so this is a fault of the machine
                worker.stop()
                if self._closed:
                    raise RuntimeError("the worker pool is closed") from None
                return [fault(str(error))] * count
            except BaseException:
                worker.stop()  # its pipe may hold half a message
                raise
            finally:
                self._idle.put(worker)
            if "error" in reply:
                return [fault(reply["error"])] * count
            if "refused" in reply:
                raise NoSandboxError(f"{reply['refused']}; --unsafe runs what the model wrote with your own rights.")
            if "said" in reply:
                return [reply["said"]]
            return [verdict_from_json(value) for value in reply["verdicts"]]
        raise AssertionError("unreachable")

    def _has_grown(self, worker: _Worker) -> bool:
        if worker.items % 256:
            return False
        return (worker.rss() - worker.base_rss) * os.sysconf("SC_PAGE_SIZE") > self.memory_gib * 2**30 / 2

    def _verdict_of(self, lost: _NoAnswer, worker: _Worker, seconds: float) -> Verdict:
        too_much_memory = f"verifying took more than {self.memory_gib:g} GiB of memory"
        if lost.why == "cpu":
            reason = f"verifying took more than {self.cpu_seconds:g} s of CPU time"
            return Verdict(status=Status.TIMEOUT, reward=0.0, reason=reason, seconds=seconds)
        if lost.why == "memory":
            return Verdict(status=Status.LIMIT, reward=0.0, reason=too_much_memory, seconds=seconds)
        if lost.why == "wall":
            return fault(f"{HUNG}: no verdict within {self.wall_seconds:g} s, twice")
        how, starved = worker.post_mortem()
        if starved:
            return Verdict(status=Status.LIMIT, reward=0.0, reason=f"{too_much_memory} ({how})", seconds=seconds)
        return fault(f"{DIED} while verifying ({how})")
