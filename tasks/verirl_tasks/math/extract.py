r"""Finds the answer in a response: strict, one linear scan, no guessing.

`boxed` reads the last balanced `\boxed{...}` or `\fbox{...}` that is not empty, the innermost of nested ones; boxes joined
by nothing but "or", "and" or a comma are one answer, so that naming several is no way to be right. `number` reads the last
number of the text. `lenient`, for text that was not asked for a box, reads the box where there is one, and only then what
follows "the answer is", "Answer:" or "####", or else the last number.

Only what follows the last `</think>` counts, of that nothing in a code fence, and of the rest the last `TAIL` characters.
"""

from __future__ import annotations

import re
from typing import Literal

TAIL = 20_000  # characters of the response that are looked at
ANSWER_CAP = 1_000  # longest answer, in characters
JOINED = 40  # characters at most between two boxes that are one answer
NEAR = ANSWER_CAP + 60  # and between the beginnings of two such boxes

Extraction = Literal["boxed", "number", "lenient"]


class AnswerTooLong(ValueError):
    """The answer is longer than `ANSWER_CAP` characters."""


def extract(response: str, extraction: Extraction) -> str | None:
    """The answer as it is written, or None where there is none. Raises AnswerTooLong."""
    _, closed, after = response.rpartition("</think>")
    text = after if closed else response
    if "<think>" in text:  # still thinking: nothing was answered
        return None
    tail = _without_fences(text)[-TAIL:]
    if extraction == "number":
        answer = _last_number(tail)
    elif extraction == "boxed" or _BOX.search(tail):
        answer = _last_box(tail)
    else:
        answer = _after_anchor(tail) or _last_formula(tail) or _whole(tail) or _last_bold(tail) or _last_number(tail)
    if answer is not None and len(answer) > ANSWER_CAP:
        raise AnswerTooLong(f"the answer has more than {ANSWER_CAP} characters")
    return answer


_FENCE = re.compile(r"[ ]{0,3}(```+|~~~+)")


def _without_fences(text: str) -> str:
    """Markdown's fenced code; one that is never closed goes on to the end."""
    if "```" not in text and "~~~" not in text:
        return text
    kept: list[str] = []
    fence = ""
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line[mark.end() :].strip():
                fence = ""
        elif mark and not (mark[1][0] == "`" and "`" in line[mark.end() :]):
            fence = mark[1]
        else:
            kept.append(line)
    return "".join(kept)


# `\\.` skips what a backslash escapes, `\{` and `\}` above all: those do not count for the balance.
_BRACES = re.compile(
    r"(?P<box>\\{1,2}(?:boxed|fbox)\s{0,8}\{)"  # two backslashes where it was escaped twice
    r"|\\{1,2}(?:boxed|fbox)\s{0,8}(?P<bare>[0-9]{1,30}(?:\.[0-9]{1,30})?)"
    r"|\\.|(?P<brace>[{}])",
    re.DOTALL,
)
_BOX = re.compile(r"\\(?:boxed|fbox)(?![A-Za-z])")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_EMPTY = re.compile(r"(?:[\s~$]|\\(?:quad|qquad)(?![A-Za-z])|\\[,;:! ])*")
_JOINERS = {"or", "and", ",", ";", ",or", ",and", r"\text{or}", r"\text{and}", r"\lor", r"\land"}


def _last_box(text: str) -> str | None:
    """The content of the last box, or of the last ones where they are one answer; None where there is none."""
    at = max(text.rfind("boxed{"), text.rfind("fbox{"))
    if at > 0 and text[at - 1] == "\\" and not _BOX.search(text, max(0, at - 1 - NEAR), at - 1):
        content = _braced(text, text.index("{", at))
        if content is not None and not _EMPTY.fullmatch(content):
            return content  # most often: one box at the end, and none near it
    return _last_boxes(text)


def _braced(text: str, opening: int) -> str | None:
    """What stands between the brace there and the one that closes it."""
    depth = 0
    for match in _BRACE.finditer(text, opening):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return text[opening + 1 : match.start()]
    return None


def _last_boxes(text: str) -> str | None:
    open_at: list[tuple[int, int] | None] = []  # (start of the command, start of the content), None for a plain brace
    boxes: list[tuple[int, int, str]] = []  # (start, end, content) of the innermost ones
    for match in _BRACES.finditer(text):
        if match["box"]:
            open_at.append((match.start(), match.end()))
        elif match["bare"]:
            boxes.append((match.start(), match.end(), match["bare"]))
        elif match["brace"] == "{":
            open_at.append(None)
        elif match["brace"] and open_at and (opened := open_at.pop()) is not None:
            first = len(boxes)
            while first and boxes[first - 1][0] > opened[0]:
                first -= 1
            content = text[opened[1] : match.start()]
            if first < len(boxes):  # the ones inside stand for it, and where it stands
                boxes[first] = (opened[0], *boxes[first][1:])
                boxes[-1] = (boxes[-1][0], match.end(), boxes[-1][2])
            elif not _EMPTY.fullmatch(content):
                boxes.append((opened[0], match.end(), content))
    if not boxes:
        return None
    start, _, answer = boxes.pop()
    while boxes and boxes[-1][1] >= start - JOINED:
        before, end, content = boxes.pop()
        joiner = re.sub(r"[\s$*]|\\[()\[\]]|\\q?quad|[A-Za-z](?:_\{?[0-9]\}?)?\s*=", "", text[end:start]).lower()
        if joiner not in _JOINERS:
            break
        if content != answer:
            answer = f"{content}, {answer}"
        start = before
    return answer


_FORMULA = re.compile(
    r"\$\$([^$]{1,1000})\$\$|(?<!\\)\$([^$\n]{1,1000})(?<!\\)\$|\\\(([^\n]{1,1000}?)\\\)|\\\[(.{1,1000}?)\\\]",
    re.DOTALL,
)
_BOLD = re.compile(r"\*\*\s*([^*\n]{1,200}?)\s*\*\*")
_SENTENCE_END = re.compile(r"(?<=[\w}%$)*])[.!]\s+(?=[A-Z])")
# Possessive, and no two alternatives begin alike: there is one way to read a text, so no time is lost on others.
_EXPRESSION = re.compile(
    r"(?:\\(?:text|mathrm|mathcal|mathbf|textbf|begin|end)\s?\{[^{}]*\}"
    r"|\\[A-Za-z]+|\\[^A-Za-z]|(?:sqrt|sin|cos|tan|log)(?=\()"
    r"|(?!(?:[A-Z][a-z]|is|so|we|it|of|to|in|at|by|as)\b)[^\W\d_]{1,2}(?![^\W\d_])"
    r"|[-\d\s+*/^_=<>(){}\[\]|,;:.!%$&'√π∞≤≥±×·÷°²³∪∩∅])++"
)


def _last_formula(text: str) -> str | None:
    """The last formula in $...$ and its like, with its fellows where they are joined by nothing but "and" or a comma."""
    found: list[tuple[int, int, str]] = []
    for match in _FORMULA.finditer(text):
        content = next(group for group in match.groups() if group is not None).strip()
        if content:
            found.append((match.start(), match.end(), content))
    if not found:
        return None
    start, _, answer = found.pop()
    while found and re.sub(r"\s", "", text[found[-1][1] : start]).lower() in _JOINERS:
        before, _, content = found.pop()
        start, answer = before, f"{content}, {answer}"
    return answer


def _whole(text: str) -> str | None:
    """A text that holds no prose at all."""
    text = text.strip()
    return text if len(text) <= 300 and "\n" not in text and _EXPRESSION.fullmatch(text) and text[-1:] != "=" else None


def _last_bold(text: str) -> str | None:
    last = None
    for match in _BOLD.finditer(text):
        if any(map(str.isdigit, match[1])):
            last = match[1]
    return last


_ANCHOR = re.compile(r"(?:\banswer(?:\s+is|\s*:)|^####)[ \t:*#]*", re.IGNORECASE | re.MULTILINE)
_MATH = re.compile(r"\$\$?([^$\n]{1,1000})\$|\\\(([^\n]{1,1000}?)\\\)|\\\[([^\n]{1,1000}?)\\\]")


def _after_anchor(text: str) -> str | None:
    """What follows the last anchor: the formula or the expression there, or the last number of that sentence."""
    last = None
    for match in _ANCHOR.finditer(text):
        last = match
    if last is None:
        return None
    rest = text[last.end() :].lstrip("\n").split("\n", 1)[0].partition("<|")[0].strip()
    formula = _MATH.match(rest)
    if formula:
        return next(group for group in formula.groups() if group is not None).strip()
    rest = _SENTENCE_END.split(rest, maxsplit=1)[0].strip("*_ ")
    rest = (rest[:-1] if rest.endswith((".", "!")) else rest).strip("*_ ")
    if not rest or _EXPRESSION.fullmatch(rest):
        return rest or None
    choice = re.match(r"\(?([A-Z])[),.:](?=\s|$)", rest)
    if choice:
        return choice[1]
    leading = _NUMBER.match(rest.lstrip("-$ "))
    if leading and re.search(r"[A-Za-z]{3,}\s+[A-Za-z]{2,}\s+[A-Za-z]{2,}", rest):  # "42 because geometry proves it"
        return rest[: rest.index(leading[0])].strip("$ ") + leading[0]
    if re.search(r"[A-Za-z]{3,} .*(?:is|are|=|:)\s*\S|(?:[A-Za-z]{2,} ){3}", rest):  # "the largest n is 34"
        return _last_number(rest) or rest
    return rest


_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)"
_DECIMAL = rf"(?:{_DIGITS}(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+(?![A-Za-z]))?"
_NUMBER = re.compile(
    r"\\[dt]?frac\{-?[0-9]{1,30}\}\{-?[0-9]{1,30}\}"
    rf"|(?<![A-Za-z0-9_])(?:{_DECIMAL}(?: ?/ ?{_DECIMAL})*(?:\\?%| ?(?:percent|pct)(?:age)?(?![A-Za-z]))?)"
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
