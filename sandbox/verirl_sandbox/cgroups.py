"""Control groups, where this process may make some: a limit on the processes, and on the memory, of a whole group.

Version 1 and 2, below the group that this process is in. Elsewhere rlimits alone hold, which count for each process, and
where processes are root's do not count them at all.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PREFIX = "verirl-sandbox-"
_FILES = {"pids": ("pids.max", "pids.max"), "memory": ("memory.limit_in_bytes", "memory.max")}  # version 1, version 2
_numbers = itertools.count()


class Cgroup:
    """A group for a slot or a program. `controllers`: those that could be had, none of them in the worst case."""

    def __init__(self, controllers: tuple[str, ...] = ("pids", "memory")) -> None:
        name = f"{PREFIX}{os.getpid()}-{next(_numbers)}"
        self._limits: dict[str, Path] = {}
        self._folders: set[Path] = set()
        self._now: dict[str, int] = {}
        for controller, (home, version) in homes().items():
            if controller not in controllers:
                continue
            folder = home / name
            with contextlib.suppress(OSError):
                _sweep(home)
                folder.mkdir(exist_ok=True)
                self._folders.add(folder)
                limit = folder / _FILES[controller][version - 1]
                if limit.exists():
                    self._limits[controller] = limit

    @property
    def controllers(self) -> set[str]:
        return set(self._limits)

    def add(self, pid: int) -> None:
        """With all that it starts from now on."""
        for folder in self._folders:
            with contextlib.suppress(OSError):
                (folder / "cgroup.procs").write_text(str(pid))

    def limit(self, controller: str, value: int) -> None:
        """Processes and threads, or bytes."""
        if controller in self._limits and self._now.get(controller) != value:
            with contextlib.suppress(OSError):
                self._limits[controller].write_text(str(value))
                self._now[controller] = value

    def remove(self) -> None:
        """When its processes have ended, of which the kernel may hear a moment later."""
        for folder in self._folders:
            for _ in range(50):
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.01)
                else:
                    break


def homes() -> dict[str, tuple[Path, int]]:
    """For each controller, the folder of the group that this process is in, if it may make groups there, and the version."""
    found: dict[str, tuple[Path, int]] = {}
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return found
    for line in lines:
        _, names, path = line.split(":", 2)
        for name in names.split(",") if names else _FILES:
            if name not in _FILES or name in found:
                continue
            home = (ROOT / name if names else ROOT) / path.lstrip("/")
            if (names or name in _delegated(home)) and os.access(home, os.W_OK):
                found[name] = (home, 1 if names else 2)
    return found


def _delegated(home: Path) -> list[str]:
    try:
        return (home / "cgroup.subtree_control").read_text().split()
    except OSError:
        return []


def _sweep(home: Path) -> None:
    """Groups of processes that were killed before they could remove them."""
    for folder in home.glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).split("-")[0]
        if not os.path.exists(f"/proc/{pid}"):
            with contextlib.suppress(OSError):
                folder.rmdir()
