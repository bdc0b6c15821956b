"""Which way of locking a candidate in works on this machine.

namespaces   bubblewrap, then Landlock, seccomp and rlimits in a fork with namespaces of its own
landlock     Landlock, seccomp and rlimits, for plain unprivileged containers
unsafe       nothing: only where its name was said
"""

from __future__ import annotations

import functools
import platform
import sys

from verirl_sandbox import bubblewrap, landlock
from verirl_sandbox.results import SandboxError, SandboxUnavailable

NAMES = ("namespaces", "landlock", "unsafe")
INSTALL = "apt install bubblewrap"


def choose(name: str) -> str:
    """The backend to use. Raises SandboxUnavailable where it does not work, ValueError for one that does not exist."""
    if name == "auto":
        problems = {name: problem(name) for name in NAMES[:2]}
        for candidate, why in problems.items():
            if why is None:
                return candidate
        reasons = "; ".join(f"{name}: {why}" for name, why in problems.items())
        raise SandboxUnavailable(f"no sandbox works here ({reasons}). Install it: {INSTALL}")
    if name not in NAMES:
        raise ValueError(f"backend is {name!r}; it must be 'auto' or one of {', '.join(NAMES)}.")
    why = problem(name)
    if why is not None:
        raise SandboxUnavailable(f"the sandbox backend {name!r} does not work here: {why}. Install it: {INSTALL}")
    return name


@functools.cache
def problem(name: str) -> str | None:
    """Why a backend does not work here; None where it does, shown by a run."""
    if name == "unsafe":
        return None
    if not sys.platform.startswith("linux") or platform.machine() != "x86_64":
        return f"it is made for x86-64 Linux, and this is {platform.machine()} {platform.system()}"
    if name == "namespaces" and bubblewrap.find() is None:
        return "bubblewrap is not installed"
    if name == "landlock" and not landlock.version():
        return "the kernel's Landlock is missing or switched off (Linux 5.13 or newer, lsm=landlock)"
    from verirl_sandbox.results import Limits
    from verirl_sandbox.slot import Slot

    try:
        slot = Slot(name, ())
        try:
            result = slot.run("def f(x):\n    return x + 1", "f", ["[1]"], Limits())
        finally:
            slot.close()
    except SandboxError as error:
        return str(error)
    return None if result.ok and result.calls[0].value == 2 else f"a first run ended with {result.outcome}"
