"""Bubblewrap's command line: which folders of the host are seen, read-only, and how that of the host is left behind."""

from __future__ import annotations

import glob
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

PACKAGE = Path(__file__).resolve().parent
IMPORTED_FROM = "/verirl"  # inside: where this package, and nothing beside it, is imported from
_SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin")
# What the loader, Java and the like read at their start; nothing of users, hosts or keys.
_SETTINGS = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime")


def find() -> str | None:
    return shutil.which("bwrap")


def command(
    program: Sequence[str],
    folders: Iterable[str],
    extra: Sequence[str] = (),
    environment: Mapping[str, str] = MappingProxyType({}),
    capabilities: Sequence[str] = (),
) -> list[str]:
    """`folders` of the host are seen beside the system's programs and libraries and this Python's own. Raises
    FileNotFoundError without bubblewrap."""
    bwrap = find()
    if bwrap is None:
        raise FileNotFoundError("bwrap")
    words = [bwrap, "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    words += ["--unshare-cgroup-try", "--as-pid-1", "--new-session", "--hostname", "sandbox", "--clearenv"]
    words += ["--cap-drop", "ALL"]
    for name, value in environment.items():
        words += ["--setenv", name, value]
    for capability in capabilities:
        words += ["--cap-add", capability]
    words += ["--tmpfs", "/"]
    for path in _SYSTEM:
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            words += ["--ro-bind", path, path]
    for path in (*_SETTINGS, *sorted(glob.glob("/etc/java-*"))):
        words += ["--ro-bind-try", path, path]
    for path in sorted({*_python(), *folders}):
        if not any(path == known or path.startswith(known + "/") for known in _SYSTEM):
            words += ["--ro-bind", path, path]
    words += ["--ro-bind", str(PACKAGE), f"{IMPORTED_FROM}/{PACKAGE.name}", "--dir", "/tmp", "--chdir", "/"]
    return [*words, *extra, "--remount-ro", "/", "--", *program]


def python(code: str, *arguments: str) -> list[str]:
    """This Python, without site-packages, the user's settings or the current folder, and the same hashes every time."""
    interpreter = os.path.join(
        os.path.realpath(sys.base_prefix), "bin", os.path.basename(os.path.realpath(sys.executable))
    )
    if not os.access(interpreter, os.X_OK):
        interpreter = os.path.realpath(sys.executable)
    return [interpreter, "-s", "-P", "-S", "-B", "-c", code, *arguments]


def _python() -> set[str]:
    return {os.path.realpath(path) for path in (sys.base_prefix, sys.base_exec_prefix)}
