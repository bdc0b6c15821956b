"""What a candidate's process gives up before it sees a byte of the candidate's code, in this order:

    namespaces   mount and ipc (it is in a pid namespace of its own from its first instruction): an empty root, on which
                 nothing can be written, and an empty tmpfs of a limited size of its own. User, net and uts are the
                 slot's, where nothing can be changed
    rlimits      CPU (the zygote watches it more finely), address space, file size, open files, processes, no core dump
    identity     no group, no capability; without namespaces, where we are root, a user id that nobody else has
    Landlock     no file outside its folder
    descriptors  all but the question-and-answer channel and its own three standard ones
    seccomp      no system call that is not on the list

Every step that fails raises, and the candidate is not run.

The steps are system calls that the zygote makes ready once and a fork only takes: whatever a fork touches, the kernel
has to copy for it.
"""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import struct
from collections.abc import Mapping
from typing import Any

from verirl_sandbox import landlock, seccomp

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID = 0x00020000, 0x08000000, 0x20000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT, _MS_BIND = 1, 2, 4, 8, 32, 4096
_MS_REC, _MS_PRIVATE, _MNT_DETACH = 16384, 1 << 18, 2
_PR_SET_PDEATHSIG = 1
_CAPABILITY_VERSION_3 = 0x20080522
CHANNEL = 3  # where the candidate's process finds its channel
RULESET = 4  # where `lock_down` finds Landlock's
RECEIVED = 5  # and from here on channel, standard output and error
INODES = 4096
STACK = 64 << 20
_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.argtypes = [ctypes.c_long] * 6
_syscall.restype = ctypes.c_long


class Steps:
    """System calls, ready to be made. An argument that is bytes is a buffer, of which the kernel gets the address."""

    def __init__(self) -> None:
        self._calls: list[tuple[str, int, int, int, int, int, int]] = []
        self._buffers: list[ctypes.Array[ctypes.c_char]] = []

    def add(self, name: str, *arguments: int | bytes | None) -> None:
        self._calls.append((name, seccomp.NUMBERS[name], *self._numbers(arguments)))  # type: ignore[arg-type]

    def _numbers(self, arguments: tuple[int | bytes | None, ...]) -> list[int]:
        numbers = [self.buffer(item) if isinstance(item, bytes) else item or 0 for item in arguments]
        return numbers + [0] * (5 - len(numbers))

    def buffer(self, content: bytes) -> int:
        """Its address, as long as these steps live."""
        self._buffers.append(ctypes.create_string_buffer(content, len(content) + 1))
        return ctypes.addressof(self._buffers[-1])

    def take(self) -> None:
        """Raises OSError, which names the call, at the first that fails."""
        for name, number, one, two, three, four, five in self._calls:
            if _syscall(number, one, two, three, four, five) < 0:
                problem = ctypes.get_errno()
                raise OSError(problem, f"{name}: {os.strerror(problem)}")


def leave_the_host() -> None:
    """For a zygote in a mount namespace of its own, when it has all it needs: its file system is from now on an empty
    tmpfs, read-only, with an empty folder /tmp."""
    steps = Steps()
    steps.add("mount", None, b"/", None, _MS_REC | _MS_PRIVATE)
    steps.add(
        "mount", b"tmpfs", b"/tmp", b"tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, b"size=4k,nr_inodes=4,mode=0755"
    )
    steps.add("chdir", b"/tmp")
    steps.add("pivot_root", b".", b".")  # pivot_root(2): the old root comes to lie on the new one
    steps.add("umount2", b".", _MNT_DETACH)
    steps.add("chdir", b"/")
    steps.add("mkdir", b"/tmp", 0o700)
    read_only = _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    steps.add("mount", None, b"/", None, read_only)
    steps.take()


def new_pid_namespaces(own: int) -> Steps:
    """Before each fork: the child becomes process 1 of one, and when that ends, all that it started is killed. `own`: a
    pidfd of this process."""
    steps = Steps()
    steps.add("setns", own, CLONE_NEWPID)  # the last child's is no base for a new one
    steps.add("unshare", CLONE_NEWPID)
    return steps


def lock_down(job: Mapping[str, Any], backend: str, folder: str, user: int | None) -> Steps:
    """All but the seccomp filter. `folder`: without namespaces the only one that stays visible; Landlock's ruleset, which
    allows for it, is descriptor RULESET, and what was received lies from RECEIVED on. `user`: the id to become.

    The backend `unsafe` gets rlimits and a working folder, and keeps everything else.
    """
    steps = Steps()
    # Channel, standard output and error at their places, and standard input at its end. None of them is shared with
    # another candidate, whose flags and locks would show.
    for place, number in enumerate((CHANNEL, 1, 2)):
        steps.add("dup2", RECEIVED + place, number)
    steps.add("close", 0)
    steps.add("pipe2", bytes(8), 0)  # its reading end is descriptor 0, its writing end is closed below
    steps.add("setsid")
    namespaces = backend == "namespaces"
    if namespaces:
        folder = "/tmp"
        options = f"size={job['file_mib']}m,nr_inodes={INODES},mode=0700"
        steps.add("unshare", CLONE_NEWNS | CLONE_NEWIPC)
        steps.add("mount", b"tmpfs", b"/tmp", b"tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, options.encode())
    _limit(steps, job, namespaces, user)
    if user is not None:
        steps.add("setgroups", 0, None)
        steps.add("setresgid", user, user, user)
        steps.add("setresuid", user, user, user)
    if backend != "unsafe":
        steps.add("capset", struct.pack("=Ii", _CAPABILITY_VERSION_3, 0), bytes(24))
    steps.add("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL)  # another identity undoes it
    steps.add("chdir", os.fsencode(folder))
    if backend != "unsafe":
        steps.add("prctl", seccomp.PR_SET_NO_NEW_PRIVS, 1)  # what both Landlock and seccomp ask for first
        if not namespaces or landlock.version():
            steps.add("landlock_restrict_self", RULESET, 0)
    steps.add("close_range", CHANNEL + 1, (1 << 32) - 1, 0)
    return steps


def last_step(program: bytes) -> Steps:
    """The seccomp filter, after which none of all this could be done any more."""
    steps = Steps()
    header = seccomp.header(program, steps.buffer(program))
    steps.add("prctl", seccomp.PR_SET_SECCOMP, seccomp.MODE_FILTER, header)
    return steps


def _limit(steps: Steps, job: Mapping[str, Any], namespaces: bool, user: int | None) -> None:
    seconds = math.ceil(job["cpu_seconds"])
    memory = job["base_bytes"] + (job["memory_mib"] << 20)
    size = job["file_mib"] << 20
    stack = resource.getrlimit(resource.RLIMIT_STACK)[1]
    stack = STACK if stack == resource.RLIM_INFINITY else min(STACK, stack)
    limits = [
        (resource.RLIMIT_CPU, seconds + 1, seconds + 2),
        (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_FSIZE, size, size),
        (resource.RLIMIT_NOFILE, job["open_files"], job["open_files"]),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 0, 0),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
        (resource.RLIMIT_STACK, stack, stack),
    ]
    if namespaces or user is not None:  # where the user's other processes do not count
        processes = job["threads"] + 1 + namespaces  # itself, and the zygote
        limits.append((resource.RLIMIT_NPROC, processes, processes))
    for limit, soft, hard in limits:
        steps.add("prlimit64", 0, limit, struct.pack("=QQ", soft, hard), None)
