"""Landlock: from now on this process sees the files under one folder, and nothing else of the file system.

landlock(7). What the running kernel's version of it does not know is left out: TCP from 4, abstract sockets and signals
from 6. It does not cover reading a file's metadata by its path, nor chmod and its like, which the seccomp filter denies.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable
from typing import Any

_CREATE, _ADD = 444, 445
_READ_FILE, _WRITE_FILE, _READ_DIR = 1 << 2, 1 << 1, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _MAKE_SYM = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 12
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_FLAT = _READ_FILE | _WRITE_FILE | _READ_DIR | _REMOVE_FILE | _MAKE_REG | _TRUNCATE
_NESTED = _FLAT | _REMOVE_DIR | _MAKE_DIR | _MAKE_SYM | _REFER
_syscall: Callable[..., int] = ctypes.CDLL(None, use_errno=True).syscall


def version() -> int:
    """Of the running kernel's Landlock; 0 where it has none, or has it switched off."""
    return max(int(_syscall(_CREATE, None, ctypes.c_size_t(0), 1)), 0)


def ruleset(folder: str, nested: bool) -> int:
    """A descriptor, for landlock_restrict_self(2) after PR_SET_NO_NEW_PRIVS: files in `folder` may be read and written,
    and with `nested` folders be made in it; no file is run. Raises OSError where the kernel has no Landlock."""
    abi = version()
    if not abi:
        raise OSError("the kernel has no Landlock")
    handled = (1 << (13 if abi == 1 else 14 if abi == 2 else 15 if abi < 5 else 16)) - 1
    attributes = struct.pack("QQQ", handled, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    made = _call(_CREATE, attributes, ctypes.c_size_t(size), 0)
    try:
        parent = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _call(_ADD, made, 1, struct.pack("=Qi", handled & (_NESTED if nested else _FLAT), parent), 0)
        finally:
            os.close(parent)
    except BaseException:
        os.close(made)
        raise
    return made


def _call(*arguments: Any) -> int:
    found = int(_syscall(*arguments))
    if found < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return found
