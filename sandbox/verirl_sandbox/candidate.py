"""In the fork, when everything is locked down: load the source, answer one call after the other.

Nothing here can be trusted by those outside: the candidate's code shares this process and may change any of it. That is
why what is worth forging never comes in: no expected value, no other candidate, and the next call's arguments only when
the last one's answer is out.
"""

from __future__ import annotations

import io
import os
import struct
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from typing import Any

from verirl_sandbox import plain
from verirl_sandbox.lockdown import CHANNEL

MODULE = "candidate"
_IMMUTABLE = (type(None), bool, int, float, complex, str, bytes)
LENGTH = struct.Struct(">I")
READ_BYTES = 1 << 16


def answer_calls(answer_bytes: int) -> None:
    """Returns when no more questions come. What it uses is bound beforehand: the candidate may patch any module."""
    decode, encode, type_name = plain.decode, plain.encode, plain.type_name
    questions, send = _questions(), _send
    out, err = sys.stdout, sys.stderr

    def answer(*parts: Any) -> None:
        for stream in (out, err):
            try:
                stream.flush()
            except BaseException:
                pass
        try:
            text = encode(list(parts), answer_bytes, opaque=True)
        except BaseException as error:
            text = '["too_large"]' if isinstance(error, (plain.TooLarge, MemoryError)) else '["unfit"]'
        send(text if len(text) <= answer_bytes else '["too_large"]')

    first = next(questions, None)
    if first is None:
        return
    source, name = decode(first)
    function = _load(source, name, answer)
    if function is None:
        return
    answer("loaded")
    for question in questions:
        arguments = decode(question)
        changeable = not all(type(argument) in _IMMUTABLE for argument in arguments)
        try:
            value = function(*arguments)
        except BaseException as error:
            answer("exception", type_name(type(error)), arguments if changeable else None)
        else:
            answer("value", value, arguments if changeable else None)


def set_streams() -> None:
    """In the zygote, so that no fork has to: what is printed goes to its descriptors 1 and 2 line by line."""
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(io.FileIO(number, "w", closefd=False), "utf-8", "backslashreplace", line_buffering=True)
        for number in (1, 2)
    )


def _load(source: str, name: str, answer: Callable[..., None]) -> Callable[..., Any] | None:
    module = types.ModuleType(MODULE)
    sys.modules[MODULE] = module
    try:
        exec(compile(source, f"<{MODULE}>", "exec", dont_inherit=True), module.__dict__)
    except BaseException as error:
        answer("load_error", plain.type_name(type(error)), _line_of(error))
        return None
    if not name:
        return lambda: None
    found: Any = module
    try:
        for part in name.split("."):
            found = getattr(found, part)
    except BaseException:
        found = None
    if not callable(found):
        answer("no_function", "", f"the source defines no function {name!r}")
        return None
    function: Callable[..., Any] = found
    return function


def _line_of(error: BaseException) -> str:
    try:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == f"<{MODULE}>"]
        line = error.lineno if isinstance(error, SyntaxError) else (lines or [None])[-1]
        return f"line {line}: {error!s}"[:300]
    except BaseException:
        return ""


def _questions(read: Callable[[int, int], bytes] = os.read) -> Iterator[bytes]:
    """One after the other, as they come; ends when there are no more."""
    inbox = bytearray()
    while True:
        while len(inbox) < LENGTH.size or len(inbox) - LENGTH.size < LENGTH.unpack_from(inbox)[0]:
            part = read(CHANNEL, READ_BYTES)
            if not part:
                return
            inbox += part
        end = LENGTH.size + LENGTH.unpack_from(inbox)[0]
        question = bytes(inbox[LENGTH.size : end])
        del inbox[:end]
        yield question


def _send(text: str, write: Callable[[int, Any], int] = os.write) -> None:
    data = LENGTH.pack(len(text)) + text.encode("ascii")
    while (written := write(CHANNEL, data)) < len(data):
        data = data[written:]
