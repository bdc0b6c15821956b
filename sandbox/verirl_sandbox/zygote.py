"""A slot's own process: everything imported, then a fresh fork for each candidate, watched from here until it is gone.

It never sees a candidate's source or answers, which go directly between the fork and those who asked. It hears of a run by
a message on its control socket that brings three descriptors (channel, stdout, stderr) and answers with how the run ended.
When the control socket closes, it kills what runs and ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import struct
import sys
import time
from collections.abc import Mapping
from typing import Any, NoReturn

from verirl_sandbox import candidate, landlock, lockdown, plain, seccomp

STOP = b"stop"
ANY_PID = 0x7FFFFFFE  # in the filter, until there is a process: more than any has
FILE_CHECK_SECONDS = 0.05  # without a tmpfs, how often the size of the folder is looked at
_DESCRIPTORS = struct.Struct("3i")
_RECEIVED = range(lockdown.RECEIVED, lockdown.RECEIVED + 3)
WARM_UP_ROUNDS = 100  # more than the interpreter waits before it specialises code
_SOURCE = "def f(x):\n    if isinstance(x, bytes):\n        raise ValueError(x)\n    return x"
_CALLS = ([1], ["text"], [[1, 2.5, None, ["text"]]], [{"key": (1, 2)}], [b""])

# After the fork no module can be read from disk any more, so what solutions use is here: the standard library but for what
# starts programs, talks to a network, draws, or is about Python's own making.
PRELOADED = """
    __future__ _strptime abc argparse array ast asyncio atexit base64 binascii bisect builtins bz2 calendar cmath
    codecs collections.abc colorsys concurrent.futures.process concurrent.futures.thread configparser contextlib
    contextvars copy copyreg csv ctypes dataclasses datetime decimal difflib dis doctest email.message encodings.idna
    encodings.latin_1 encodings.utf_16 encodings.utf_16_be encodings.utf_16_le encodings.utf_32 encodings.utf_8_sig
    encodings.cp1252 encodings.punycode encodings.raw_unicode_escape encodings.unicode_escape encodings.hex_codec
    encodings.rot_13 encodings.ascii enum errno faulthandler fnmatch fractions functools gc getopt glob graphlib gzip
    hashlib heapq hmac html.parser inspect io ipaddress itertools json keyword linecache locale logging lzma marshal
    math mmap multiprocessing multiprocessing.pool multiprocessing.queues multiprocessing.synchronize numbers opcode
    operator os pathlib pickle pickletools platform pprint queue quopri random re reprlib resource sched secrets
    select selectors shlex shutil signal socket sqlite3 stat statistics string stringprep struct subprocess symtable
    sys sysconfig tempfile textwrap threading time timeit token tokenize traceback tracemalloc types typing
    unicodedata unittest.mock urllib.parse uuid warnings weakref xml.etree.ElementTree zipfile zlib zoneinfo
""".split()  # noqa: SIM905


def main() -> None:
    options = json.loads(sys.argv[1])
    control = socket.socket(fileno=_above(options["control"]))
    os.closerange(lockdown.CHANNEL, 16)
    for number in range(lockdown.CHANNEL, _RECEIVED.stop):  # kept free of what modules may open
        os.dup2(0, number)
    _import(options["preload"], options["paths"])
    os.closerange(_RECEIVED.start, _RECEIVED.stop)
    candidate.set_streams()
    os.environ.clear()
    sys.argv[:] = [""]
    sys.path[:] = []
    zygote = Zygote(control, options["backend"], options["scratch"])
    _warm_up()
    gc.collect()
    gc.freeze()
    control.send(json.dumps({"version": list(sys.version_info[:3])}).encode())
    while True:
        message, received, _, _ = control.recvmsg(4096, socket.CMSG_SPACE(_DESCRIPTORS.size))
        if not message:
            if options["scratch"] is not None:  # whoever made it may have been killed
                shutil.rmtree(options["scratch"], ignore_errors=True)
            return
        if message != STOP:  # one that came when its run had just ended
            if _DESCRIPTORS.unpack(received[0][2]) != tuple(_RECEIVED):
                raise OSError("the descriptors of a run are not where they should be")
            control.send(zygote.run(message))


def _above(number: int) -> int:
    """Its copy, above those that are received and those that a fork puts in their place."""
    try:
        return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 16)
    finally:
        os.close(number)


def _warm_up() -> None:
    """Does what every fork does, so that the interpreter's caches for it are filled here and not in each of them."""
    frames = [plain.encode(frame, 10_000).encode("ascii") for frame in ([_SOURCE, "f"], *([call] for call in _CALLS))]
    steps = lockdown.Steps()
    steps.add("getpid")
    for _ in range(WARM_UP_ROUNDS):
        steps.take()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # keeps the frames apart
        with ours, theirs:
            os.dup2(theirs.fileno(), lockdown.CHANNEL)
            for frame in frames:
                ours.send(candidate.LENGTH.pack(len(frame)) + frame)
            ours.shutdown(socket.SHUT_WR)
            candidate.answer_calls(10_000)
    os.dup2(0, lockdown.CHANNEL)
    del sys.modules[candidate.MODULE]


def _import(names: list[str], paths: list[str]) -> None:
    for name in PRELOADED:
        with contextlib.suppress(ImportError):  # a Python built without it
            importlib.import_module(name)
    sys.path += paths
    for name in names:
        importlib.import_module(name)


_exit = os._exit


class Zygote:
    def __init__(self, control: socket.socket, backend: str, scratch: str | None) -> None:
        self.control = control
        self.backend = backend
        self.scratch = scratch
        # Nobody else's: signals and the limit of processes are then its own affair.
        self.user = 0x70000000 + os.getpid() if backend == "landlock" and os.getuid() == 0 else None
        self.filter = seccomp.candidate_filter(ANY_PID)
        self.namespaces: lockdown.Steps | None = None  # new ones, before each fork
        self.last_step: lockdown.Steps | None = None  # where it is the same for all of them
        self.jobs = functools.lru_cache(maxsize=8)(self._job)
        self.poll = select.poll()
        self.poll.register(control, select.POLLIN)
        if backend == "namespaces":
            lockdown.leave_the_host()
            self.namespaces = lockdown.new_pid_namespaces(_above(os.pidfd_open(os.getpid())))
            self.last_step = lockdown.last_step(seccomp.for_process(self.filter, ANY_PID, 1))
            if landlock.version():
                self._allow("/", nested=True)

    def _job(self, message: bytes) -> tuple[dict[str, Any], lockdown.Steps]:
        job = json.loads(message)
        return job, lockdown.lock_down(job, self.backend, self._path, self.user)

    def run(self, message: bytes) -> bytes:
        """`message`: the limits. What comes back: exit code, CPU seconds, and what stopped it, if anything."""
        job, steps = self.jobs(message)
        folder = self._folder()
        if self.namespaces is not None:
            self.namespaces.take()
        pid = os.fork()
        if not pid:
            self._be_the_candidate(steps, job["answer_kib"] << 10)
        os.closerange(_RECEIVED.start, _RECEIVED.stop)
        try:
            return self._watch(pid, job, folder)
        finally:
            if folder:
                _remove(folder)

    def _be_the_candidate(self, steps: lockdown.Steps, answer_bytes: int) -> NoReturn:
        exit_ = _exit
        try:
            try:
                steps.take()
                if self.last_step is not None:
                    self.last_step.take()
                elif self.backend != "unsafe":
                    lockdown.last_step(seccomp.for_process(self.filter, ANY_PID, os.getpid())).take()
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
                candidate._send(f"{type(error).__name__}: {error}".encode("ascii", "replace").decode("ascii"))
                exit_(1)
            candidate._send("ready")
            candidate.answer_calls(answer_bytes)
        except BaseException:  # noqa: BLE001 - nothing of the zygote may go on in the fork
            exit_(1)
        exit_(0)

    def _watch(self, pid: int, job: Mapping[str, Any], folder: str) -> bytes:
        """Until it is gone. Its CPU time is read from outside, where nothing that it does can hide it."""
        ended = os.pidfd_open(pid)
        try:
            self.poll.register(ended, select.POLLIN)
            clock = (~pid << 3) | 2  # clock_getcpuclockid(3)
            started = time.monotonic()
            stopped = ""
            while True:
                try:
                    used = time.clock_gettime(clock)
                except OSError:
                    used = 0.0  # it has ended
                # Several threads use it up faster than the clock on the wall, so it is looked at again half-way.
                cpu_left = job["cpu_seconds"] - used
                wall_left = job["wall_seconds"] - (time.monotonic() - started)
                left = min(max(cpu_left / 2, 0.005), wall_left)
                if folder:
                    left = min(left, FILE_CHECK_SECONDS)
                    if _size(folder) > job["file_mib"] << 20:
                        stopped = "files"
                if cpu_left <= 0:
                    stopped = "cpu"
                elif wall_left <= 0:
                    stopped = "wall"
                if stopped:
                    break
                happened = [number for number, _ in self.poll.poll(max(left, 0) * 1000)]
                if ended in happened:
                    break
                if happened:
                    if not self.control.recv(4096):  # nobody waits for the answer
                        os.kill(pid, signal.SIGKILL)
                        os.waitpid(pid, 0)
                        if self.scratch is not None:
                            shutil.rmtree(self.scratch, ignore_errors=True)
                        _exit(0)
                    stopped = "asked"
                    break
            if stopped:
                os.kill(pid, signal.SIGKILL)
            _, status, usage = os.wait4(pid, 0)
            cpu_seconds = usage.ru_utime + usage.ru_stime
            # One that ended by itself before it was looked at again is judged by the same measure.
            if not stopped and cpu_seconds > job["cpu_seconds"]:
                stopped = "cpu"
            elif not stopped and folder and _size(folder) > job["file_mib"] << 20:
                stopped = "files"
            if self.backend == "unsafe":
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)  # what it started, as far as it stayed in the group
        finally:
            self.poll.unregister(ended)
            os.close(ended)
        return f"{os.waitstatus_to_exitcode(status)} {cpu_seconds} {stopped}".encode()

    @property
    def _path(self) -> str:
        return f"{self.scratch}/run" if self.scratch is not None else ""

    def _folder(self) -> str:
        """A new one for the next candidate, where it has no tmpfs."""
        folder = self._path
        if folder:
            os.mkdir(folder, 0o700)
            if self.user is not None:
                os.chown(folder, self.user, self.user)
            if self.backend != "unsafe":
                self._allow(folder, nested=False)
        return folder

    def _allow(self, folder: str, nested: bool) -> None:
        ruleset = landlock.ruleset(folder, nested)
        os.dup2(ruleset, lockdown.RULESET)
        os.close(ruleset)


def _size(folder: str) -> int:
    """In bytes, on disk; the folder is flat (landlock.py). A file counts for one block at least, so that many small ones
    are too much, too."""
    total = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                total += max(entry.stat(follow_symlinks=False).st_blocks * 512, 4096)
    return total


def _remove(folder: str) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):  # of the backend `unsafe` alone
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                os.unlink(entry.path)
    os.rmdir(folder)
