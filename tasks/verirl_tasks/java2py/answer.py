"""The answer within a response: the last ```python block, and what a translation may not contain.

    extract(response) -> Found(code, why)      code None: there is no answer
    check(code, name) -> Refusal | None        `unparseable` or `limit`, with the reason

The sandbox is what holds a hostile answer; the check here gives what has no place in a translation a verdict of its own.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from verirl.types import Status

MAX_CODE = 100_000  # characters
_FENCE = re.compile(r"([ \t]*)(`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*")
_LANGUAGES = ("python", "python3", "py")

# What translations use; everything else of the standard library is about files, processes, networks, or Python itself.
ALLOWED: Final = frozenset(
    """
    __future__ abc array base64 binascii bisect calendar cmath codecs collections colorsys contextlib copy dataclasses
    datetime decimal difflib enum fractions functools graphlib hashlib heapq html itertools json keyword math numbers
    operator pprint queue random re reprlib statistics string stringprep struct sys textwrap time types typing unicodedata
    uuid warnings zlib zoneinfo
    """.split()  # noqa: SIM905
)
_SYS = frozenset(
    [
        "maxsize",
        "float_info",
        "int_info",
        "hash_info",
        "maxunicode",
        "byteorder",
        "version",
        "version_info",
        "setrecursionlimit",
        "getrecursionlimit",
        "intern",
        "getsizeof",
        "set_int_max_str_digits",
        "get_int_max_str_digits",
    ]
)
_CALLS = frozenset("eval exec compile open input breakpoint __import__ exit quit help".split())  # noqa: SIM905
_TRICKS = frozenset(
    """
    __subclasses__ __globals__ __builtins__ __code__ __closure__ __loader__ __spec__ __import__ __getattribute__
    f_back f_globals f_locals f_builtins f_code tb_frame gi_frame cr_frame ag_frame __traceback__ _getframe
    """.split()  # noqa: SIM905
)

# Modules that modules of the standard library hold by a name of theirs (random.os, dataclasses.sys).
_REACHED = frozenset("os posix subprocess ctypes importlib socket builtins _os _sys inspect shutil pathlib".split())  # noqa: SIM905


@dataclass(frozen=True)
class Found:
    code: str | None
    why: str = ""


@dataclass(frozen=True)
class Refusal:
    status: Status
    reason: str


def extract(response: str) -> Found:
    """What the last block that is marked as Python holds. A block that is not closed is none: the response was cut off."""
    code: str | None = None
    opened: tuple[str, str] | None = None  # indentation and fence
    kept: list[str] | None = None  # lines of a Python block
    for line in response.split("\n"):
        line = line.removesuffix("\r")
        match = _FENCE.fullmatch(line)
        if opened is None:
            if match:
                opened = match[1], match[2]
                kept = [] if match[3].lower() in _LANGUAGES else None
        elif match and not match[3] and match[2].startswith(opened[1]) and line.strip() == match[2]:
            if kept is not None:
                code = _unindented(kept, opened[0])
            opened = kept = None
        elif kept is not None:
            kept.append(line)
    if opened is not None and kept is not None:
        return Found(None, "the last ```python block is not closed")
    return Found(code, "" if code is not None else "the response has no ```python block")


def _unindented(lines: list[str], indentation: str) -> str:
    if indentation and all(line.startswith(indentation) or not line.strip() for line in lines):
        lines = [line[len(indentation) :] for line in lines]
    return textwrap.dedent("\n".join(lines)) + "\n" if lines else ""


def check(code: str, name: str) -> Refusal | None:
    """Whether it is Python that defines `name`, with nothing that no translation needs."""
    if len(code) > MAX_CODE:
        return Refusal(Status.LIMIT, f"the answer has {len(code)} characters; at most {MAX_CODE} are taken")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except SyntaxError as error:
        return Refusal(Status.UNPARSEABLE, f"line {error.lineno}: {error.msg}"[:300])
    except (ValueError, RecursionError, MemoryError) as error:  # a NUL, a lone surrogate, brackets by the thousand
        return Refusal(Status.UNPARSEABLE, f"Python does not take it: {error}"[:300])
    nodes = list(ast.walk(tree))
    bound = _bound(nodes)
    calls = _CALLS - bound
    for node in nodes:
        if what := _forbidden(node, calls):
            return Refusal(Status.LIMIT, f"line {getattr(node, 'lineno', 0)}: {what}, which no translation needs")
    if name not in bound:
        return Refusal(Status.UNPARSEABLE, f"the answer defines no function {name!r}")
    return None


def _bound(nodes: Iterable[ast.AST]) -> set[str]:
    """Names that the code itself gives a meaning to, anywhere."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
    return found


def _forbidden(node: ast.AST, calls: AbstractSet[str]) -> str:
    """`calls`: builtins that must not be called, but for those that the code defines itself."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.partition(".")[0] not in ALLOWED:
                return f"it imports {alias.name}"
            if alias.name == "sys" and alias.asname not in (None, "sys"):
                return f"it imports sys as {alias.asname}"
    elif isinstance(node, ast.ImportFrom):
        module = node.module or "."
        if node.level or module.partition(".")[0] not in ALLOWED:
            return f"it imports from {'.' * node.level}{node.module or ''}"
        for alias in node.names:
            if module == "sys" and alias.name not in _SYS:
                return f"it imports sys.{alias.name}"
            if alias.name in _REACHED:
                return f"it imports {module}.{alias.name}"
    elif isinstance(node, ast.Attribute):
        if node.attr in _TRICKS or (node.attr in _REACHED and isinstance(node.value, ast.Name)):
            return f"it uses .{node.attr}"
        if isinstance(node.value, ast.Name) and node.value.id == "sys" and node.attr not in _SYS:
            return f"it uses sys.{node.attr}"
    elif isinstance(node, ast.Name) and (node.id == "__builtins__" or node.id in calls):
        return f"it uses {node.id}"
    return ""
