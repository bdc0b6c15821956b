r"""Finds the answer in a response: strict, one linear scan, no guessing.

`boxed` reads the last balanced `\boxed{...}` or `\fbox{...}`; boxes joined by nothing but "or", "and" or a comma are
one answer, so that naming several is no way to be right. `number` reads the last number of the text.

Only what follows the last `</think>` counts, and of that only the last `TAIL` characters.
"""

from __future__ import annotations

import re
from typing import Literal

TAIL = 20_000  # characters of the response that are looked at
ANSWER_CAP = 1_000  # longest answer, in characters

Extraction = Literal["boxed", "number"]


class AnswerTooLong(ValueError):
    """The answer is longer than `ANSWER_CAP` characters."""


def extract(response: str, extraction: Extraction) -> str | None:
    """The answer as it is written, or None where there is none. Raises AnswerTooLong."""
    _, closed, after = response.rpartition("</think>")
    text = after if closed else response
    if "<think>" in text:  # still thinking: nothing was answered
        return None
    tail = text[-TAIL:]
    answer = _last_box(tail) if extraction == "boxed" else _last_number(tail)
    if answer is not None and len(answer) > ANSWER_CAP:
        raise AnswerTooLong(f"the answer has more than {ANSWER_CAP} characters")
    return answer


# `\\.` skips what a backslash escapes, `\{` and `\}` above all: those do not count for the balance.
_BRACES = re.compile(
    r"(?P<box>\\(?:boxed|fbox)\s{0,8}\{)"
    r"|\\(?:boxed|fbox)\s{0,8}(?P<bare>[0-9]{1,30}(?:\.[0-9]{1,30})?)"
    r"|\\.|(?P<brace>[{}])",
    re.DOTALL,
)
_JOINERS = {"or", "and", ",", ";", ",or", ",and", r"\text{or}", r"\text{and}", r"\lor", r"\land"}


def _last_box(text: str) -> str | None:
    open_at: list[tuple[int, int] | None] = []  # (start of the command, start of the content), None for a plain brace
    boxes: list[tuple[int, int, str]] = []  # (start, end, content), none inside another
    for match in _BRACES.finditer(text):
        if match["box"]:
            open_at.append((match.start(), match.end()))
        elif match["bare"]:
            boxes.append((match.start(), match.end(), match["bare"]))
        elif match["brace"] == "{":
            open_at.append(None)
        elif match["brace"] and open_at and (opened := open_at.pop()) is not None:
            while boxes and boxes[-1][0] > opened[0]:
                boxes.pop()
            boxes.append((opened[0], match.end(), text[opened[1] : match.start()]))
    if not boxes:
        return None
    start, _, answer = boxes.pop()
    while boxes and boxes[-1][1] >= start - 40:
        before, end, content = boxes.pop()
        joiner = re.sub(r"[\s$*]|\\[()\[\]]", "", text[end:start]).lower()
        if joiner not in _JOINERS:
            break
        if content != answer:
            answer = f"{content}, {answer}"
        start = before
    return answer


_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)"
_DECIMAL = rf"(?:{_DIGITS}(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+(?![A-Za-z]))?"
_NUMBER = re.compile(
    r"\\[dt]?frac\{-?[0-9]{1,30}\}\{-?[0-9]{1,30}\}"
    rf"|(?<![A-Za-z0-9_])(?:{_DECIMAL}(?: ?/ ?{_DECIMAL})*(?:\\?%)?)"
)
_OPERATOR = re.compile(r"(?:[-+*/^×÷·−]|\\times|\\cdot|\\div)$")


def _last_number(text: str) -> str | None:
    """The last number, with its sign. Where it is an operand of something not worked out (`14 - 7` at the very end),
    that is the answer, which no judge takes for a number: else repeating a question could be right by luck."""
    last = None
    for match in _NUMBER.finditer(text):
        last = match
    if last is None:
        return None
    number, before = last[0], text[max(0, last.start() - 80) : last.start()]
    before = re.sub(r"\\?\$$", "", before)  # -$5
    if len(before) >= 2 and before.endswith("**") and not before[:-2].endswith("*"):
        return number  # bold, no power
    line = before.rsplit("\n", 1)[-1]  # a minus sign at the start of a line has nothing to its left
    stripped = line.rstrip(" ")
    operator = _OPERATOR.search(stripped)
    if operator is None:
        return number
    left = stripped[: operator.start()].rstrip(" ")
    if left and (left[-1].isdigit() or left[-1] in ")]}%!"):
        operand = re.search(r"[^\s]+$", left)
        return f"{operand[0] if operand else ''} {operator[0]} {number}"
    if operator[0] in "-−" and stripped == line and not (line[:-1] and line[-2].isalpha()):
        return f"-{number}"
    return number
