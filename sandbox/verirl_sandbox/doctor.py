"""Is it safe here? Every protection is tried: a candidate attempts, harmlessly, what it must not be able to do."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from verirl_sandbox import backends, bubblewrap, cgroups, landlock
from verirl_sandbox.results import Limits, Outcome, Result, SandboxError
from verirl_sandbox.sandbox import Sandbox
from verirl_sandbox.seccomp import NUMBERS


@dataclass(frozen=True)
class Check:
    """`worked`: the attempt failed as it must. `seen`: what happened to it, in words. `remedy`: what to do, if anything."""

    name: str
    worked: bool
    seen: str
    remedy: str = ""


_ENOUGH = Limits(cpu_seconds=2, wall_seconds=10)


@dataclass(frozen=True)
class _Attempt:
    """`source` defines `attempt()`, which returns what it got hold of. It must be stopped by one of `outcomes`, or raise one
    of `exceptions`."""

    name: str
    source: str
    exceptions: tuple[str, ...] = ("PermissionError",)
    outcomes: tuple[Outcome, ...] = ()
    limits: Limits = _ENOUGH


_SYSCALL = """
import ctypes
def attempt():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall({number}, {arguments}) < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return "done"
"""
# mmap with PROT_EXEC, then `mov eax, number; int 0x80` or, for x32, `syscall` with its bit set.
_MACHINE_CODE = """
import ctypes, mmap
def attempt():
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(bytes.fromhex("{code}"))
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return ctypes.CFUNCTYPE(ctypes.c_int)(address)()
"""


def _call(name: str, arguments: str) -> _Attempt:
    return _Attempt(f"kernel: {name}", _SYSCALL.format(number=NUMBERS[name], arguments=arguments))


def _other_abi(name: str, code: str) -> _Attempt:
    return _Attempt(f"kernel: {name} system calls", _MACHINE_CODE.format(code=code), (), (Outcome.CRASHED,))


def attempts(home: str) -> Iterator[_Attempt]:
    """Of what a candidate must not be able to do. Most are refused with an exception."""
    nothing = ("PermissionError", "FileNotFoundError")
    body = "def attempt():\n    import os, socket, threading, time, sys\n    return "
    for name, code in (
        ("files: /etc/passwd", "open('/etc/passwd').read()"),
        (
            "files: the home folder",
            f"os.listdir({home!r}) or open('/home/nothing')",
        ),  # one that is empty is none of ours
        ("files: Python's own modules", "open(os.__file__).read()"),
        ("files: writing outside", "open('/usr/verirl', 'w')"),
        ("processes: /proc of others", "os.listdir('/proc/1')"),
        ("processes: memory of the parent", "open(f'/proc/{os.getppid()}/mem', 'rb')"),
    ):
        yield _Attempt(name, body + code, nothing)
    for name, code in (
        ("processes: fork", "os.fork()"),
        ("processes: running a program", "os.posix_spawn('/bin/true', ['true'], {})"),
        ("processes: signals to all others", "os.kill(-1, 0)"),
        ("processes: a signal to the parent", "os.kill(os.getppid(), 0)"),
        ("network: TCP", "socket.socket()"),
        ("network: UDP", "socket.socket(type=socket.SOCK_DGRAM)"),
        ("network: unix and abstract sockets", "socket.socket(socket.AF_UNIX).connect('\\0verirl')"),
    ):
        yield _Attempt(name, body + code)
    yield _call("ptrace", "16, 1, 0, 0")
    yield _call("process_vm_readv", "1, 0, 0, 0, 0, 0")
    yield _call("unshare", "0x10000000")
    yield _call("setns", "0, 0")
    yield _call("mount", "0, b'/', 0, 0, 0")
    yield _call("chroot", "b'/'")
    yield _call("io_uring_setup", "1, 0")
    yield _call("bpf", "0, 0, 0")
    yield _call("keyctl", "0, 0")
    yield _call("userfaultfd", "0")
    yield _call("perf_event_open", "0, 0, 0, 0, 0")
    yield _call("memfd_create", "b'x', 0")
    yield _call("shmget", "0, 4096, 0o1600")
    yield _other_abi("i386", "b814000000cd80c3")
    yield _other_abi("x32", "b8270000400f05c3")
    few = Limits(cpu_seconds=0.3, wall_seconds=10, memory_mib=64, file_mib=1, open_files=32, threads=8, flood_mib=1)
    for name, code, exceptions, outcome in (
        ("limit: CPU time", "any(iter(int, 1))", (), Outcome.CPU_LIMIT),
        ("limit: wall-clock time", "time.sleep(60)", (), Outcome.WALL_LIMIT),
        ("limit: memory", "len(bytearray(80 << 20))", (), Outcome.MEMORY_LIMIT),
        ("limit: output", "[print('x' * 1000) for _ in range(3000)]", (), Outcome.OUTPUT_LIMIT),
        ("limit: size of an answer", "'x' * (2 << 20)", (), Outcome.OUTPUT_LIMIT),
        ("limit: size of files", "open('x', 'wb').write(bytes(2 << 20))", ("OSError",), Outcome.FILE_LIMIT),
        ("limit: open files", "[os.dup(0) for _ in range(64)]", ("OSError",), Outcome.CPU_LIMIT),
        (
            "limit: threads",
            "[threading.Thread(target=time.sleep, args=(5,)).start() for _ in range(4000)]",
            ("RuntimeError", "MemoryError"),
            Outcome.MEMORY_LIMIT,
        ),
    ):
        limits = replace(few, wall_seconds=0.3) if outcome == Outcome.WALL_LIMIT else few
        if outcome == Outcome.OUTPUT_LIMIT:
            limits = replace(limits, cpu_seconds=5, memory_mib=256)
        yield _Attempt(name, body + code, exceptions, (outcome,), limits)
    forged = "import os\ndef attempt():\n    for number in range(256):\n        try: os.write(number, b'x' * 64)\n"
    yield _Attempt(
        "answers: written on every descriptor", f"{forged}        except OSError: pass", (), (Outcome.FORGED,)
    )
    yield _Attempt("environment: empty", "import os\ndef attempt():\n    return os.environ['PATH']", ("KeyError",))


def examine(backend: str = "auto") -> tuple[str, list[Check]]:
    """The backend in force, and what was seen of each protection. Raises SandboxUnavailable where none works."""
    with Sandbox(1, backend=backend, second_look=0) as sandbox:
        checks = [_try(sandbox, attempt) for attempt in attempts(os.path.expanduser("~"))]
        clean = sandbox.call("def attempt():\n    return 1", "attempt", [[]])
        checks.append(Check("after all that: the next candidate runs", clean.ok, str(clean.outcome)))
        if sandbox.backend == "namespaces":
            checks.append(_program(sandbox))
        return sandbox.backend, checks


def _try(sandbox: Sandbox, attempt: _Attempt) -> Check:
    try:
        result = sandbox.call(attempt.source, "attempt", [[]], attempt.limits)
    except SandboxError as error:
        return Check(attempt.name, False, str(error))
    answer = result.calls[0] if result.calls else None
    refused = answer is not None and answer.exception in attempt.exceptions
    return Check(attempt.name, refused or result.outcome in attempt.outcomes, _seen(result))


def _seen(result: Result) -> str:
    if not result.ok:
        return f"{result.outcome}: {result.detail}"
    answer = result.calls[0]
    return f"refused: {answer.exception}" if answer.exception else f"it got {str(answer.value)[:60]!r}"


def _program(sandbox: Sandbox) -> Check:
    name = "programs: files and network"
    script = "cat /etc/passwd; touch /usr/verirl; cat < /dev/tcp/127.0.0.1/22; mount -t tmpfs x /tmp; unshare -U true; echo end"
    try:
        result = sandbox.run(["bash", "-c", script])
    except (SandboxError, FileNotFoundError) as error:
        return Check(name, False, str(error))
    return Check(name, result.stdout == b"end\n", f"it printed {result.stdout[-60:].decode('utf-8', 'replace')!r}")


def environment() -> list[Check]:
    """What the machine has, and what to do about what is missing. Only what no backend can do without is a failure."""
    found: list[tuple[str, Callable[[], str | None], str]] = [
        ("machine", lambda: f"{platform.system()} {platform.release()}, {platform.machine()}", ""),
        ("bubblewrap", _bubblewrap_version, backends.INSTALL),
        (
            "Landlock",
            lambda: f"version {landlock.version()}" if landlock.version() else None,
            "Linux 5.13, lsm=landlock",
        ),
        (
            "backend `namespaces`",
            lambda: None if backends.problem("namespaces") else "works",
            "a container must allow user namespaces (docker: --security-opt seccomp=unconfined)",
        ),
        ("backend `landlock`", lambda: None if backends.problem("landlock") else "works", "Linux 5.13, lsm=landlock"),
        (
            "control groups",
            lambda: ", ".join(f"{name} (v{version})" for name, (_, version) in cgroups.homes().items()) or None,
            "not needed; with them, threads are counted and programs' memory is limited as a whole",
        ),
    ]
    checks = []
    for name, look, remedy in found:
        seen = look()
        why = backends.problem(name.split("`")[1]) if seen is None and "`" in name else None
        checks.append(Check(name, seen is not None, seen or why or "missing", "" if seen else remedy))
    return checks


def _bubblewrap_version() -> str | None:
    path = bubblewrap.find() or shutil.which("bwrap")
    if path is None:
        return None
    return subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout.strip() or None
