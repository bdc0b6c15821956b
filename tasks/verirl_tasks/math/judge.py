r"""Compares an answer with the gold answer.

Exact where both are rational, so that an integer gold takes no rounding; else both sides are worked out to 80 digits,
with the same fixed rational values for their variables. Where the gold answer is a plain number, the answer must be
one as well: 17 \times 23 is no answer to "What is 17 * 23?", nor is 38/2 to "What is 38 / 2?".

Left open: an expression equal to a gold that is no plain number counts as correct however it is written, so that a
question such as "simplify ..." can be answered by repeating it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

from verirl.types import Status
from verirl_tasks.math.parse import EXPONENT_CAP, Node, ParseError, TooDear, parse, strip_delimiters
from verirl_tasks.math.values import NotRational, Undefined, approximate, close, exact, symbols

POINTS = 6  # values tried for each variable
_PLAIN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9 ,.'-]*")


class BadGold(ValueError):
    """The gold answer cannot be compared with."""


def judge(gold: str, answer: str) -> tuple[Status, str]:
    """The status of an answer, and why. Raises BadGold; nothing else, whatever the answer holds."""
    expected = parse_gold(gold)
    if _squeezed(gold) == _squeezed(answer):
        return Status.CORRECT, ""
    if expected.kind == "text":
        same = as_text(answer).casefold() == expected.name.casefold()
        return (Status.CORRECT, "") if same else (Status.INCORRECT, "another text")
    if as_text(gold) == as_text(answer):
        return Status.CORRECT, ""
    try:
        difference = _difference(expected, parse(answer))
    except ParseError as error:
        return Status.UNPARSEABLE, f"the answer cannot be read: {error}"
    except TooDear as error:
        return Status.LIMIT, f"the answer is too dear to work out: {error}"
    except (Undefined, NotRational) as error:
        return Status.INCORRECT, f"the answer has no value: {error}"
    return (Status.CORRECT, "") if difference is None else (Status.INCORRECT, difference)


@lru_cache(maxsize=4096)
def parse_gold(gold: str) -> Node:
    """The tree of a gold answer; kind `text` where it is words. Raises BadGold."""
    if not gold.strip():
        raise BadGold("the gold answer is empty")
    try:
        return parse(gold)
    except (ParseError, TooDear) as error:
        text = as_text(gold)
        if _PLAIN_TEXT.fullmatch(text):
            return Node("text", name=text)
        raise BadGold(f"the gold answer cannot be read: {error}") from None


def as_text(text: str) -> str:
    r"""Without \text{} around it, without a full stop, and (C) as C."""
    text = re.sub(r"\\(?:text|textbf|textit|textrm|mbox|mathrm|mathbf)\s?\{([^{}]*)\}", r"\1", strip_delimiters(text))
    text = " ".join(text.split()).strip(" .")
    return text[1:-1] if re.fullmatch(r"\([A-Za-z]\)", text) else text


def _squeezed(text: str) -> str:
    """Without blanks and without what only changes how it looks."""
    text = re.sub(r"\\(?:left|right)(?![A-Za-z])|\\[,;:! ]|\s", "", strip_delimiters(text))
    return re.sub(r"\\[dt]frac", r"\\frac", text)


def _bare(node: Node) -> Node:
    while node.kind == "group":
        node = node.args[0]
    return node


def _difference(gold: Node, answer: Node) -> str | None:
    """Why they differ, or None where they are the same."""
    gold, answer = _bare(gold), _bare(answer)
    solved_gold, solved = _solved(gold), _solved(answer)
    if gold.kind == "relation" and answer.kind == "relation":
        if solved_gold and solved and solved_gold[0] == solved[0]:
            return _difference(solved_gold[1], solved[1])
        if solved_gold and not symbols(solved_gold[1]):
            return "another variable" if solved else "an equation that is not solved"
        return _relation_difference(gold, answer)
    if solved_gold:
        gold = _bare(solved_gold[1])
    if solved:
        answer = _bare(solved[1])
    gold_unit, unit = (node.name if node.kind == "quantity" else "" for node in (gold, answer))
    if gold_unit and unit and gold_unit != unit:
        return f"another unit ({unit}, not {gold_unit})"
    gold, answer = (_bare(node.args[0] if node.kind == "quantity" else node) for node in (gold, answer))
    structures = ("sequence", "matrix", "union", "relation")
    if gold.kind not in structures and answer.kind not in structures:
        return _value_difference(gold, answer)
    if gold.kind != answer.kind:
        return "another kind of answer"
    if gold.kind == "matrix":
        if gold.name != answer.name or [len(row.args) for row in gold.args] != [len(row.args) for row in answer.args]:
            return "a matrix of another shape"
        pairs = zip(gold.args, answer.args, strict=True)
        return _first_difference([pair for rows in pairs for pair in zip(rows[0].args, rows[1].args, strict=True)])
    if len(gold.args) != len(answer.args):
        return f"{len(answer.args)} values, not {len(gold.args)}"
    unordered = ("list", r"\{\}")
    if gold.kind == "union" or (gold.name in unordered and answer.name in unordered):
        return _unordered_difference(gold.args, answer.args)
    if gold.name != answer.name:
        return "other brackets"
    return _first_difference(list(zip(gold.args, answer.args, strict=True)))


def _first_difference(pairs: Sequence[tuple[Node, Node]]) -> str | None:
    return next((why for gold, answer in pairs if (why := _difference(gold, answer)) is not None), None)


def _unordered_difference(golds: Sequence[Node], answers: Sequence[Node]) -> str | None:
    left = list(answers)
    for gold in golds:
        found = next((answer for answer in left if _difference(gold, answer) is None), None)
        if found is None:
            return "a value is missing"
        left.remove(found)
    return None


def _solved(node: Node) -> tuple[str, Node] | None:
    """x and 5 for x = 5, for 5 = x, and x and S for x in S."""
    if node.kind != "relation" or node.name not in ("=", "in"):
        return None
    left, right = (_bare(arg) for arg in node.args)
    if left.kind == "symbol" and left.name not in symbols(right):
        return left.name, right
    if right.kind == "symbol" and node.name == "=" and right.name not in symbols(left):
        return right.name, left
    return None


def _relation_difference(gold: Node, answer: Node) -> str | None:
    if gold.name != "=" or answer.name != "=":
        flipped = {">": "<", ">=": "<="}
        sides = [node.args[::-1] if node.name in flipped else node.args for node in (gold, answer)]
        if flipped.get(gold.name, gold.name) != flipped.get(answer.name, answer.name):
            return "another relation"
        return _first_difference(list(zip(*sides, strict=True)))
    # Two equations are the same where their sides' differences are proportional: y = 2x + 3 and 2x - y + 3 = 0.
    differences = [Node("add", (node.args[0], Node("neg", (node.args[1],)))) for node in (gold, answer)]
    if symbols(differences[0]) != symbols(differences[1]):
        return "other variables"
    try:
        rational = _at_points(differences, exact)
        same = all(a * d == b * c for (a, b), (c, d) in zip(rational[1:], rational, strict=False))
        trivial = all(b == 0 for _, b in rational)
    except NotRational:
        values = _at_points(differences, approximate)
        same = all(close(a * d, b * c) for (a, b), (c, d) in zip(values[1:], values, strict=False))
        trivial = all(close(b, 0) for _, b in values)
    return None if same and not trivial else "another equation"


def _value_difference(gold: Node, answer: Node) -> str | None:
    literal = _literal(gold)
    if literal is not None:
        found = _literal(answer)
        if found is None:
            return "not a number" if symbols(answer) else "not evaluated"
        value, form = found
        if literal[0].denominator == 1 and form == "fraction":
            return "not evaluated"
        if value == literal[0]:
            return None
        # "What percentage ...?" is answered with 40 as well as with 40%.
        if (form == "percent") != (literal[1] == "percent") and (
            value * 100 == literal[0] if form == "percent" else value == literal[0] * 100
        ):
            return None
        return "another number"
    if symbols(gold) != symbols(answer):
        return "other variables"
    try:
        same = all(a == b for a, b in _at_points((gold, answer), exact))
    except NotRational:
        same = all(close(a, b) for a, b in _at_points((gold, answer), approximate))
    return None if same else "another value"


def _literal(node: Node) -> tuple[Fraction, str] | None:
    """Value and form of what is written as a number: `number`, `fraction`, `mixed`, `percent` or `scientific`."""
    node = _bare(node)
    if node.kind == "number":
        return node.number, "number"
    if node.kind == "neg":
        inner = _literal(node.args[0])
        return None if inner is None else (-inner[0], inner[1])
    if node.kind == "percent":
        inner = _literal(node.args[0])
        return None if inner is None or inner[1] != "number" else (inner[0] / 100, "percent")
    if node.kind == "div":
        over, under = (_literal(arg) for arg in node.args)
        if over is None or under is None or under[0] == 0:
            return None
        whole = all(part[1] == "number" and part[0].denominator == 1 for part in (over, under))
        return (over[0] / under[0], "fraction") if whole else None
    if node.kind == "mixed":
        return exact(node, {}), "mixed"
    if node.kind == "mul" and node.args[1].kind == "pow":
        mantissa, (ten, power) = _literal(node.args[0]), node.args[1].args
        shift = _literal(power)
        if mantissa is None or shift is None or _bare(ten) != Node("number", number=Fraction(10)):
            return None
        if 1 <= abs(mantissa[0]) < 10 and shift[0].denominator == 1 and abs(shift[0]) <= EXPONENT_CAP:
            return mantissa[0] * Fraction(10) ** int(shift[0]), "scientific"
    return None


def _at_points(nodes: Sequence[Node], evaluate: Callable[[Node, Mapping[str, Fraction]], Any]) -> list[tuple[Any, Any]]:
    """Both values at the same fixed points, positive and negative. Points where the gold has no value are left out."""
    names = symbols(nodes[0])
    found = []
    for index in range(POINTS if names else 1):
        at = {name: _coordinate(name, index) for name in names}
        try:
            gold = evaluate(nodes[0], at)
        except Undefined:
            continue
        except TooDear as error:
            raise BadGold(f"the gold answer is too dear to work out: {error}") from None
        found.append((gold, evaluate(nodes[1], at)))
    if not found:
        raise Undefined("the gold answer has none either")
    return found


def _coordinate(name: str, index: int) -> Fraction:
    """Between 0.2 and 3.1, the same for a name always; negative at every other point."""
    digest = hashlib.blake2b(f"{index} {name}".encode(), digest_size=4).digest()
    size = Fraction(int.from_bytes(digest) % 2_000_003 + 140_009, 700_001)
    return -size if digest[0] % 2 and index >= POINTS // 2 else size
