"""One zygote, and what passes between it, its forks and us. Used by one run at a time.

Everything that comes back from a fork is counted, capped and decoded here, and taken for a claim: an answer that was not
asked for, or is not what the protocol allows, ends the run.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from verirl_sandbox import bubblewrap, plain
from verirl_sandbox.candidate import LENGTH
from verirl_sandbox.cgroups import Cgroup
from verirl_sandbox.output import READ_BYTES, Outputs, last_line
from verirl_sandbox.results import Call, Limits, Outcome, Result, SandboxError
from verirl_sandbox.zygote import STOP

START_SECONDS = 60.0  # behind it something hangs
GRACE_SECONDS = 10.0  # behind the wall-clock limit, which the zygote enforces
ENDING_SECONDS = 0.005
DRAIN_SECONDS = 1.0  # for what is left in the pipes when the process has ended
# What modules have to be done in a fork (new locks, a new seed for `random`) is for forks of a process with threads and
# secrets; a candidate's fork is faster without, and its `random` is the same every time.
_BOOT = (
    "import os, sys; os.register_at_fork = lambda **hooks: None; sys.path.append({path!r}); "
    "from verirl_sandbox.zygote import main; del sys.path[-1]; main()"
)
_Status = tuple[int, float, str]  # exit code, CPU seconds, what stopped it or nothing
_STOPPED = {"cpu": Outcome.CPU_LIMIT, "wall": Outcome.WALL_LIMIT, "files": Outcome.FILE_LIMIT}


class SlotDied(SandboxError):
    """The zygote is gone, or does not answer: another one has to take over."""


class Slot:
    """Raises SandboxError where the zygote would not start, with what it wrote."""

    def __init__(self, backend: str, preload: Sequence[str]) -> None:
        self.backend = backend
        self._folder = None if backend == "namespaces" else tempfile.mkdtemp(prefix="verirl-sandbox-")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the slot
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = 0  # of the zygote itself, which bubblewrap may have started
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        self._group = Cgroup(("pids",))
        self._last_job: tuple[Limits | None, bytes] = (None, b"")
        try:
            if self._folder is not None:
                os.chmod(self._folder, 0o711)  # the candidate is another user
            with theirs:
                self._start(theirs, preload)
            self._hello()
            self._base_bytes = _address_space(self._pid)
            self._group.add(self._pid)
        except BaseException:
            self.close()
            raise

    def _start(self, control: socket.socket, preload: Sequence[str]) -> None:
        namespaces = self.backend == "namespaces"
        paths = [os.path.realpath(path) for path in sys.path if path and os.path.isdir(path)] if preload else []
        options = {
            "control": control.fileno(),
            "backend": self.backend,
            "scratch": self._folder,
            "preload": list(preload),
            "paths": paths,
        }
        environment = {"PYTHONHASHSEED": "0", "LD_BIND_NOW": "1", "MALLOC_ARENA_MAX": "1", "OPENBLAS_NUM_THREADS": "1"}
        origin = bubblewrap.IMPORTED_FROM if namespaces else str(bubblewrap.PACKAGE.parent)
        words = bubblewrap.python(_BOOT.format(path=origin), json.dumps(options))
        information, report = os.pipe()
        try:
            if namespaces:
                extra, capabilities = ("--info-fd", str(report)), ("CAP_SYS_ADMIN", "CAP_KILL")
                words = bubblewrap.command(words, paths, extra, environment, capabilities)
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=self._errors,
                stderr=self._errors,
                env=environment,
                cwd="/",
                pass_fds=(control.fileno(), report),
                start_new_session=True,
            )
            os.close(report)
            report = -1
            self._pid = self._process.pid
            if namespaces:
                with contextlib.suppress(ValueError, KeyError):  # it ended before it said so: its errors say why
                    self._pid = json.loads(_read_all(information))["child-pid"]
        except FileNotFoundError as error:
            raise SandboxError(f"{error.filename or 'bwrap'} is missing; install it: apt install bubblewrap") from None
        finally:
            os.close(information)
            if report >= 0:
                os.close(report)

    def _hello(self) -> None:
        if not _readable(self._control.fileno(), START_SECONDS) or not self._control.recv(4096):
            self.kill()
            self._errors.seek(0)
            raise SandboxError(f"a sandbox process would not start: {last_line(self._errors.read(4096))}")

    def run(self, source: str, function: str, calls: Sequence[str], limits: Limits) -> Result:
        """`calls`: the arguments of each, encoded. Raises SlotDied."""
        descriptors: list[int] = []  # that are open
        ours, theirs = socket.socketpair()
        try:
            ours.setblocking(False)
            descriptors += os.pipe2(os.O_CLOEXEC)
            descriptors += os.pipe2(os.O_CLOEXEC)
            out, out_in, err, err_in = descriptors
            self._group.limit("pids", limits.threads + 2)  # the candidate, the zygote
            try:
                socket.send_fds(self._control, [self._job(limits)], [theirs.fileno(), out_in, err_in])
            except OSError:
                raise SlotDied("a sandbox process has ended") from None
            theirs.close()
            for descriptor in (out_in, err_in):
                descriptors.remove(descriptor)
                os.close(descriptor)
            return _Conversation(self, ours, (out, err), calls, limits).hold(source, function)
        finally:
            ours.close()
            theirs.close()
            for descriptor in descriptors:
                os.close(descriptor)

    def _job(self, limits: Limits) -> bytes:
        """As the zygote is told; most often the last run's."""
        if self._last_job[0] is not limits:
            self._last_job = limits, json.dumps({**vars(limits), "base_bytes": self._base_bytes}).encode()
        return self._last_job[1]

    def hear(self) -> _Status:
        """What the zygote says on its control socket: how a run has ended. Raises SlotDied."""
        message = b""
        with contextlib.suppress(OSError):
            message = self._control.recv(4096)
        if not message:
            raise SlotDied("a sandbox process has ended")
        code, seconds, stopped = message.decode().split(" ")
        return int(code), float(seconds), stopped

    def kill(self) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        for pid in {self._pid, self._process.pid}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """The zygote ends when its socket closes."""
        self._control.close()
        if self._process is not None:
            try:
                self._process.wait(timeout=GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self._errors.close()
        self._group.remove()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def abandon(self) -> None:
        """In a forked copy of the process that owns it: lets go of it without a word to the zygote."""
        self._control.close()
        self._errors.close()


class _Conversation:
    """Of one run: asks, listens to all four ends at once, and writes the result."""

    def __init__(
        self, slot: Slot, channel: socket.socket, outputs: Sequence[int], questions: Sequence[str], limits: Limits
    ) -> None:
        self.slot = slot
        self.channel = channel
        self.questions = questions
        self.limits = limits
        self.most = limits.answer_kib << 10
        self.outputs = Outputs(outputs, limits)
        self.inbox = bytearray()
        self.outbox = b""
        self.calls: list[Call] = []
        self.started = time.perf_counter()
        self.asked = self.started
        self.outcome: Outcome | None = None
        self.detail = ""
        self.ending = False
        self.heard = 0  # frames: "ready", "loaded", then an answer to each call

    def hold(self, source: str, function: str) -> Result:
        first = plain.encode([source, function], len(source) + 1000 + len(function))
        self._ask(first, *self.questions[:1])  # it is answered after it was loaded; the second waits for that
        status: _Status | None = None
        deadline = time.monotonic() + self.limits.wall_seconds + GRACE_SECONDS
        control, channel = self.slot._control.fileno(), self.channel.fileno()
        poll = select.poll()
        open_ = {channel, *self.outputs.kept}
        for number in (control, *open_):
            poll.register(number, select.POLLIN)
        asking = False
        while status is None or open_:
            if asking != bool(self.outbox) and channel in open_:
                asking = bool(self.outbox)
                poll.modify(channel, select.POLLIN | (select.POLLOUT if asking else 0))
            if self.ending:  # most often at once: one thing to wait for instead of four
                self.ending = False
                _readable(control, ENDING_SECONDS)
            events = poll.poll(max(deadline - time.monotonic(), 0) * 1000)
            if not events:
                if status is not None:
                    break  # of the backend `unsafe`: what the candidate has started holds the pipes
                raise SlotDied("a sandbox process does not answer")
            for number, event in events:
                more = True
                if number == channel:
                    if event & select.POLLOUT:
                        self._write()
                    if event & ~select.POLLOUT:
                        more = self._hear()
                elif number == control:
                    status = self.slot.hear()
                    deadline = min(deadline, time.monotonic() + DRAIN_SECONDS)
                    poll.unregister(control)
                else:
                    more = self.outputs.read(number)
                    if self.outputs.flooded:
                        self._stop(Outcome.OUTPUT_LIMIT, self.outputs.flooded)
                if not more:
                    poll.unregister(number)
                    open_.discard(number)
        return self._result(status)

    def _ask(self, *texts: str) -> None:
        for text in texts:
            self.outbox += LENGTH.pack(len(text)) + text.encode("ascii")
        self._write()

    def _write(self) -> None:
        try:
            while self.outbox:
                self.outbox = self.outbox[self.channel.send(self.outbox) :]
        except BlockingIOError:
            pass
        except OSError:  # nobody listens any more; how it ended is told by the zygote
            self.outbox = b""

    def _hear(self) -> bool:
        try:
            part = self.channel.recv(READ_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if self.outcome is None:
            size = len(part) - LENGTH.size
            if not self.inbox and 0 < size <= self.most and LENGTH.unpack_from(part)[0] == size:
                self._frame(part[LENGTH.size :])  # most often
            else:
                self.inbox += part
                self._understand()
        return bool(part)

    def _understand(self) -> None:
        """Takes whole frames out of the inbox."""
        while self.outcome is None and len(self.inbox) >= LENGTH.size:
            size = LENGTH.unpack_from(self.inbox)[0]
            if size > self.most:
                return self._stop(Outcome.FORGED, "what came back is no answer")
            end = LENGTH.size + size
            if len(self.inbox) < end:
                return None
            frame = bytes(self.inbox[LENGTH.size : end])
            del self.inbox[:end]
            self._frame(frame)
        return None

    def _frame(self, frame: bytes) -> None:
        self.heard += 1
        if self.heard > 1:
            self._take(frame)
        elif frame != b"ready":  # written before anything of the candidate's was read
            raise SandboxError(f"the sandbox could not be locked down: {frame.decode('ascii', 'replace')[:300]}")

    def _take(self, frame: bytes) -> None:
        if self.heard > 2 and len(self.calls) == len(self.questions):
            return self._stop(Outcome.FORGED, "an answer that nobody asked for")
        try:
            answer = plain.decode(frame)
            if type(answer) is not list or not answer or type(answer[0]) is not str:
                raise plain.NotPlain("no answer")
            if answer[0] == "too_large":
                return self._stop(Outcome.OUTPUT_LIMIT, f"an answer of more than {self.limits.answer_kib} KiB")
            if self.heard == 2:
                self._loaded(*answer)
            else:
                self._answered(*answer)
        except (plain.NotPlain, TypeError):
            return self._stop(Outcome.FORGED, "what came back is no answer")
        if self.heard == 2 and self.outcome is None and self.questions:
            self.asked = time.perf_counter()  # the first question lies before it
        elif self.inbox:
            self._stop(Outcome.FORGED, "an answer that nobody asked for")
        elif self.outcome is not None or len(self.calls) == len(self.questions):
            self.channel.shutdown(socket.SHUT_WR)  # no more questions
            self.ending = True
        else:
            self.asked = time.perf_counter()
            self._ask(self.questions[len(self.calls)])
        return None

    def _loaded(self, kind: str, name: Any = "", detail: Any = "") -> None:
        if type(name) is not str or type(detail) is not str:
            raise plain.NotPlain("no answer")
        if kind == "load_error":
            memory = name == "MemoryError"
            self.outcome = Outcome.MEMORY_LIMIT if memory else Outcome.LOAD_ERROR
            self.detail = _one_line(f"{name} while it was loaded, {detail}")
        elif kind == "no_function":
            self.outcome, self.detail = Outcome.NO_FUNCTION, _one_line(detail)
        elif kind != "loaded":
            raise plain.NotPlain("no answer")

    def _answered(self, kind: str, found: Any, arguments: Any) -> None:
        if arguments is None:
            arguments = plain.decode(self.questions[len(self.calls)].encode("ascii"))
        seconds = time.perf_counter() - self.asked
        if type(arguments) is not list:
            raise plain.NotPlain("no answer")
        if kind == "value":
            self.calls.append(Call(value=found, args_after=arguments, seconds=seconds))
        elif kind == "exception" and type(found) is str:
            if found == "MemoryError":
                self.outcome, self.detail = Outcome.MEMORY_LIMIT, f"more than {self.limits.memory_mib} MiB"
            else:
                self.calls.append(Call(exception=found[:200], args_after=arguments, seconds=seconds))
        else:
            raise plain.NotPlain("no answer")

    def _stop(self, outcome: Outcome, detail: str) -> None:
        if self.outcome is None:
            self.outcome, self.detail = outcome, detail
            with contextlib.suppress(OSError):
                self.slot._control.send(STOP)

    def _result(self, status: _Status) -> Result:
        if self.heard == 0:
            raise SlotDied("a sandbox process ended before it was locked down")
        self._judge(status)
        out, err = (text.decode("utf-8", "replace") for text in self.outputs.kept.values())
        assert self.outcome is not None
        return Result(
            outcome=self.outcome,
            calls=self.calls,
            detail=self.detail,
            stdout=out,
            stderr=err,
            output_bytes=self.outputs.total,
            cpu_seconds=status[1],
            seconds=time.perf_counter() - self.started,
            backend=self.slot.backend,
        )

    def _judge(self, status: _Status) -> None:
        """From how the process ended, where nothing else has decided yet."""
        if self.outcome is not None:
            return
        code, _, stopped = status
        if stopped in _STOPPED:
            self.outcome = _STOPPED[stopped]
            self.detail = {
                "cpu": f"more than {self.limits.cpu_seconds:g} s of CPU time",
                "wall": f"more than {self.limits.wall_seconds:g} s",
                "files": f"more than {self.limits.file_mib} MiB of files",
            }[stopped]
        elif code < 0:
            self.outcome = Outcome.CRASHED
            self.detail = f"ended by {signal.Signals(-code).name}"
        elif self.inbox:
            self.outcome, self.detail = Outcome.FORGED, "an answer that nobody asked for"
        elif code or len(self.calls) < len(self.questions) or self.heard < 2:
            self.outcome, self.detail = Outcome.EXITED, f"the process ended by itself, with exit code {code}"
        else:
            self.outcome = Outcome.OK


def _readable(descriptor: int, seconds: float) -> bool:
    """Within that time. Not by select(2), for which a large process may have too many descriptors."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]


def _address_space(pid: int) -> int:
    """In bytes, of a process of ours."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _read_all(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, READ_BYTES):
        parts.append(part)
    return b"".join(parts)
