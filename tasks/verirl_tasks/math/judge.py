r"""Compares an answer with the gold answer, in tiers; the first one that decides is named with the verdict.

    string      the same text, but for blanks and what only changes how it looks
    exact       numbers: integers and rationals, as they are written
    structure   by the gold's type: sets, tuples, intervals, matrices, equations, units
    modular     polynomials and rational functions at random points modulo a secret prime of 127 bits
    numeric     everything else with a value, to 80 digits and more at several points
    symbolic    sympy: sums, products, integrals, limits

docs/math-verifier.md says what is the same as what, and why.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from verirl.types import Status
from verirl_tasks.math import units
from verirl_tasks.math.forms import (
    Form,
    Number,
    literal,
    mismatch,
    rounded_from,
    terminates,
    unevaluated,
    within_stated_digits,
)
from verirl_tasks.math.parse import parse
from verirl_tasks.math.realsets import NotASet, real_set, same_pieces, says_set
from verirl_tasks.math.tokens import strip_delimiters
from verirl_tasks.math.tree import UNEVALUATED, Node, ParseError, TooDear, bare, contains, symbols
from verirl_tasks.math.values import (
    NotRational,
    Undefined,
    approximate,
    close,
    digits_for,
    exact,
    prime_for,
    residue,
    to_fraction,
)

POINTS = 6  # values tried for each variable
TIERS = ("string", "exact", "structure", "modular", "numeric", "symbolic")
_INTEGER = re.compile(r"-?[0-9]{1,30}")
_PLAIN_TEXT = re.compile(r"[^\W\d_][\w ,.:;'’!?/%()+-]*")
_PHRASES = {
    "all real numbers": "reals", "all reals": "reals", "real numbers": "reals", "no solution": "empty",
    "no solutions": "empty", "no real solution": "empty", "no real solutions": "empty", "empty set": "empty",
    "the empty set": "empty", "none": "empty",
}  # fmt: skip


class BadGold(ValueError):
    """The gold answer cannot be compared with."""


class Judgement(NamedTuple):
    status: Status
    reason: str = ""
    tier: str = ""  # that decided; empty where the answer was never compared


def judge(gold: str, answer: str, form: Form = "evaluated") -> Judgement:
    """What an answer is worth. Raises BadGold; nothing else, whatever the answer holds.

    form: `evaluated` takes no answer that leaves something to be worked out where the gold does not, `any` takes whatever
        is equal; `expanded` and `factored` ask for that form of a polynomial, too.
    """
    expected = parse_gold(gold)
    if _squeezed(gold) == _squeezed(answer):
        return Judgement(Status.CORRECT, "", "string")
    if expected.kind == "number" and not expected.name and _INTEGER.fullmatch(answer):  # most often
        same = int(answer) == expected.number
        return Judgement(Status.CORRECT if same else Status.INCORRECT, "" if same else "another number", "exact")
    if expected.kind == "text":
        same = _words(answer) == _words(expected.name)
        return Judgement(Status.CORRECT if same else Status.INCORRECT, "" if same else "another text", "string")
    if as_text(gold) in (as_text(answer), _chosen(answer)):
        return Judgement(Status.CORRECT, "", "string")
    if "\\text" in answer and len(as_text(gold)) > 1 and as_text(gold).isalpha() and _words(gold) == _words(answer):
        return Judgement(Status.CORRECT, "", "string")  # yes and \text{Yes}
    comparison = _Comparison(gold, expected, form)
    try:
        found = _phrase(answer) or parse(answer, units=contains(expected, frozenset({"quantity"})))
        why = comparison.difference(expected, found)
        if why is None and form in ("expanded", "factored"):
            why = mismatch(form, expected, found)
    except ParseError as error:
        return Judgement(Status.UNPARSEABLE, f"the answer cannot be read: {error}")
    except TooDear as error:
        return Judgement(Status.LIMIT, f"the answer is too dear to work out: {error}", comparison.tier)
    except (Undefined, NotRational, NotASet) as error:
        return Judgement(Status.INCORRECT, f"the answer has no value that could be compared: {error}", comparison.tier)
    if why is None:
        return Judgement(Status.CORRECT, "", comparison.tier)
    return Judgement(Status.INCORRECT, why, comparison.tier)


@lru_cache(maxsize=16_384)
def parse_gold(gold: str) -> Node:
    """The tree of a gold answer; kind `text` where it is words. Raises BadGold."""
    if not gold.strip():
        raise BadGold("the gold answer is empty")
    phrase = _phrase(gold)
    if phrase is not None:
        return phrase
    try:
        return parse(gold)
    except (ParseError, TooDear) as error:
        text = as_text(gold)
        if _PLAIN_TEXT.fullmatch(text):
            return Node("text", name=text)
        raise BadGold(f"the gold answer {gold[:80]!r} cannot be read: {error}") from None


def as_text(text: str) -> str:
    r"""Without \text{} around it, without a full stop, and (C) as C."""
    text = strip_delimiters(text)
    for _ in range(2):
        text = re.sub(r"\\(?:text|textbf|textit|textrm|mbox|mathrm|mathbf)\s?\{([^{}]*)\}", r"\1", text)
    text = re.sub(r"\\[ ,;:!]|~|\$|\\(?:displaystyle|textstyle)(?![A-Za-z])", " ", text)
    text = " ".join(text.split()).strip(" .")
    choice = re.fullmatch(r"(?:(?:option|choice)\s+)?\(?([A-Za-z])[).:]?", text, re.IGNORECASE)
    return choice[1] if choice else text


def _chosen(text: str) -> str | None:
    """C for (C) 42: the letter of a choice that is written with what it says, where it names no other."""
    choice = re.fullmatch(r"\(?([A-Z])[).:]\s*(.+)", as_text(text))
    if choice is None or re.search(r"\b(?:or|and)\b|(?<![A-Za-z])[A-Z][).:]", choice[2]):
        return None
    return choice[1]


def _words(text: str) -> str:
    return re.sub(r"[\s.,;:!?()'’-]+", " ", as_text(text)).strip().casefold()


def _phrase(text: str) -> Node | None:
    if len(text) > 60 or not any(map(str.isalpha, text)):
        return None
    name = _PHRASES.get(_words(text))
    return None if name is None else Node("set", name=name)


_LOOKS = re.compile(r"\\(?:left|right)(?![A-Za-z])|\\[,;:! ]|\s")


def _squeezed(text: str) -> str:
    """Without blanks and without what only changes how it looks."""
    text = strip_delimiters(text)
    if "\\" not in text:
        # "1 2" is not 12; a blank between letters or signs says nothing.
        return re.sub(r"(?<![0-9A-Za-z])\s+|\s+(?![0-9A-Za-z])", "", text)
    return re.sub(r"\\[dt]frac", r"\\frac", _LOOKS.sub("", text))


class _Comparison:
    """One answer against one gold. Every method that compares says why they differ, or None where they do not."""

    def __init__(self, gold_text: str, gold: Node, form: Form) -> None:
        self.gold_text = gold_text
        self.evaluated = form != "any"
        self.tier = "string"
        self.natural: bool | None = None

    def reach(self, tier: str) -> None:
        if TIERS.index(tier) > TIERS.index(self.tier):
            self.tier = tier

    # -- statements and structures

    def difference(self, gold: Node, answer: Node) -> str | None:
        gold, answer = _without_domain(bare(gold)), _without_domain(bare(answer))
        if (says_set(gold) or says_set(answer)) and not _same_brackets(gold, answer):
            self.reach("structure")
            found = self.sets(gold, answer)
            if found is not _NO_SETS:
                return found
        answer = self.concluded(answer)
        gold = self.concluded(gold)
        if gold.kind == "relation" and gold.name == "~":
            gold = bare(gold.args[1])
        if answer.kind == "relation" and answer.name == "~":
            answer = bare(answer.args[0] if bare(answer.args[0]).kind != "symbol" else answer.args[1])
        solved_gold, solved = _solved(gold), _solved(answer)
        if gold.kind == "relation" and answer.kind == "relation":
            self.reach("structure")
            if solved_gold and solved and solved_gold[0] == solved[0]:
                return self.difference(solved_gold[1], solved[1])
            if solved_gold and not symbols(solved_gold[1]) and self.evaluated:
                return "another variable" if solved else "an equation that is not solved"
            return self.relations(gold, answer)
        if solved_gold:
            gold = bare(solved_gold[1])
        if solved:
            answer = bare(solved[1])
        if gold.kind == "congruence" or answer.kind == "congruence":
            return self.congruences(gold, answer)
        if (gold.kind == "ratio") != (answer.kind == "ratio"):
            gold, answer = (_as_quotient(node) for node in (gold, answer))
        if gold.kind in _STRUCTURES or answer.kind in _STRUCTURES:
            self.reach("structure")
            return self.structures(gold, answer)
        return self.quantities(gold, answer)

    def concluded(self, node: Node) -> Node:
        """What a chain of equations comes to: x = 2 + 3 = 5 is x = 5, where every link holds."""
        links = node.args if node.kind == "chain" else (node,)
        if any(link.kind != "relation" or link.name not in ("=", "~") for link in links):
            return node
        first, last = bare(links[0].args[0]), links[-1].args[1]
        if links[-1].name == "~":
            last = links[-1].args[0] if len(links) > 1 or _solved(links[0]) is None else last
        if len(links) == 1:
            # 7 + 12 = 19 is a true statement that ends in its value; 3 = 5 is none.
            if links[0].name == "=" and not symbols(node) and _plain_value(first) == _plain_value(last) is not None:
                return bare(last)
            return node
        values = [links[0].args[1], *(link.args[1] for link in links[1:] if link.name == "=")]
        named = first.kind == "symbol" or _applied(first)
        if not named:
            values.insert(0, first)
        for one, other in pairwise(values):
            if self.values(one, other, strict=False) is not None:
                return node
        return Node("relation", (first, last), "=") if named else bare(last)

    def sets(self, gold: Node, answer: Node) -> str | None:
        """Of real numbers; _NO_SETS where one of them is none that can be read off."""
        try:
            names, pieces = real_set(gold)
        except (NotASet, NotRational, Undefined):
            return _NO_SETS
        if gold.kind == "relation" and gold.name in ("=", "~"):
            return _NO_SETS
        try:
            other_names, others = real_set(answer)
        except (NotRational, Undefined):
            return _NO_SETS
        except NotASet:
            if answer.kind != gold.kind:
                return "another kind of answer"
            return "a condition that is not solved" if self.evaluated and answer.kind == "relation" else _NO_SETS
        if names and other_names and names != other_names:
            return "another variable"
        return None if same_pieces(pieces, others) else "another set"

    def structures(self, gold: Node, answer: Node) -> str | None:
        if gold.kind == "quantity" and gold.args[0].kind in _STRUCTURES:
            gold = gold.args[0]
        if answer.kind == "quantity" and answer.args[0].kind in _STRUCTURES:
            answer = answer.args[0]
        if "clock" in (gold.kind, answer.kind) or "set" in (gold.kind, answer.kind):
            return None if gold == answer else "another kind of answer"
        if gold.kind == "text" and answer.kind == "text":
            return None if _words(gold.name) == _words(answer.name) else "another text"
        if "relation" in (gold.kind, answer.kind) or "chain" in (gold.kind, answer.kind):
            return "another kind of answer"
        gold, answer = _as_named_tuple(gold, answer)
        if {gold.kind, answer.kind} == {"matrix", "sequence"}:
            gold, answer = (_as_tuple(node) for node in (gold, answer))
        if gold.kind == "ratio" and answer.kind == "ratio":
            return self.ratios(gold, answer)
        if gold.kind != answer.kind:
            if gold.kind not in _STRUCTURES and answer.kind == "sequence":
                return f"hedging: {len(answer.args)} values, where one is asked for"
            return "another kind of answer"
        if gold.kind == "matrix":
            return self.matrices(gold, answer)
        if gold.kind in ("union", "intersection", "difference"):
            if len(gold.args) != len(answer.args):
                return "another set"
            return self.unordered(gold.args, answer.args) if gold.kind != "difference" else self.ordered(gold, answer)
        if gold.kind == "builder":
            return self.ordered(gold, answer)
        if len(gold.args) != len(answer.args):
            more = len(answer.args) > len(gold.args)
            return f"{'hedging: ' if more else ''}{len(answer.args)} values, not {len(gold.args)}"
        if gold.name in _UNORDERED and answer.name in _UNORDERED:
            return self.unordered(gold.args, answer.args)
        if gold.name != answer.name:
            return "other brackets"
        return self.ordered(gold, answer)

    def ordered(self, gold: Node, answer: Node) -> str | None:
        pairs = zip(gold.args, answer.args, strict=True)
        return next((why for a, b in pairs if (why := self.difference(a, b)) is not None), None)

    def unordered(self, golds: Sequence[Node], answers: Sequence[Node]) -> str | None:
        left = list(answers)
        for gold in golds:
            found = next((index for index, answer in enumerate(left) if self.matches(gold, answer)), None)
            if found is None:
                return "a value is missing"
            left.pop(found)
        return None

    def matches(self, gold: Node, answer: Node) -> bool:
        try:
            return self.difference(gold, answer) is None
        except (Undefined, NotRational, NotASet):
            return False

    def matrices(self, gold: Node, answer: Node) -> str | None:
        if gold.name != answer.name or [len(row.args) for row in gold.args] != [len(row.args) for row in answer.args]:
            return "a matrix of another shape"
        rows = zip(gold.args, answer.args, strict=True)
        return next((why for a, b in rows if (why := self.ordered(a, b)) is not None), None)

    def ratios(self, gold: Node, answer: Node) -> str | None:
        if len(gold.args) != len(answer.args):
            return "another number of parts"
        first, second = gold.args[0], answer.args[0]
        for a, b in zip(gold.args[1:], answer.args[1:], strict=True):
            if self.values(Node("mul", (first, b)), Node("mul", (second, a)), strict=False) is not None:
                return "another ratio"
        return None

    def relations(self, gold: Node, answer: Node) -> str | None:
        flipped = {">": "<", ">=": "<="}
        if gold.name in ("=", "!=") and gold.name == answer.name:
            return self.equations(gold, answer)
        sides = [node.args[::-1] if node.name in flipped else node.args for node in (gold, answer)]
        names = [flipped.get(node.name, node.name) for node in (gold, answer)]
        if names[0] != names[1]:
            return "another relation"
        if names[0] == "in":
            return self.ordered(gold, answer)
        a, b = (Node("add", (right, Node("neg", (left,)))) for left, right in sides)
        return self.proportional(a, b, positive=True, why="another inequality")

    def equations(self, gold: Node, answer: Node) -> str | None:
        """Two equations are the same where their sides' differences are proportional: y = 2x + 3 and 2x - y + 3 = 0."""
        a, b = (Node("add", (node.args[0], Node("neg", (node.args[1],)))) for node in (gold, answer))
        return self.proportional(a, b, positive=False, why="another equation")

    def proportional(self, gold: Node, answer: Node, positive: bool, why: str) -> str | None:
        if symbols(gold) != symbols(answer):
            return "other variables"
        if not positive:
            try:
                pairs = self.residues(gold, answer)
                self.reach("modular")
                prime = prime_for(self.gold_text)
                same = all((a * d - b * c) % prime == 0 for (a, b), (c, d) in zip(pairs[1:], pairs, strict=False))
                return None if same and any(b for _, b in pairs) else why
            except NotRational:
                pass
        self.reach("numeric")
        with digits_for(gold, answer):
            values = self.numbers(gold, answer)
            same = all(close(a * d, b * c) for (a, b), (c, d) in zip(values[1:], values, strict=False))
            if same and positive:
                same = all(_real_positive(a, b) for a, b in values if not close(b, 0))
            return None if same and not all(close(b, 0) for _, b in values) else why

    def congruences(self, gold: Node, answer: Node) -> str | None:
        self.reach("structure")
        if answer.kind != "congruence":
            gold = gold.args[1]  # 3 for x = 3 (mod 7)
            return self.difference(gold, answer)
        if gold.kind != "congruence":
            return "another kind of answer"
        if bare(gold.args[0]) != bare(answer.args[0]):
            return "another variable"
        try:
            a, m, b, n = (exact(node.args[i], {}) for node in (gold, answer) for i in (1, 2))
        except (NotRational, KeyError):
            return self.ordered(gold, answer)
        return None if abs(m) == abs(n) and m and (a - b) % m == 0 else "another congruence"

    # -- values

    def quantities(self, gold: Node, answer: Node) -> str | None:
        if gold.kind == "quantity" or answer.kind == "quantity":
            one, other = units.of_gold(_unit_name(gold)), units.unit(_unit_name(answer))
            inner = [bare(node.args[0]) if node.kind == "quantity" else node for node in (gold, answer)]
            self.reach("structure")
            if "degree" in (gold.kind, answer.kind) and (one.dimensions or other.dimensions):
                return "another unit"
            if one.dimensions and other.dimensions and one.dimensions != other.dimensions:
                return f"another unit ({answer.name}, not {gold.name})"
            both = one.dimensions and other.dimensions
            factors = [unit.scale * (unit.factor if both else 1) for unit in (one, other)]
            if factors[0] != factors[1]:  # 100 cm and 1 m, 2 million and 2000000
                inner = [_scaled(node, factor) for node, factor in zip(inner, factors, strict=True)]
            return self.difference(*inner)
        if gold.kind == "degree" or answer.kind == "degree":
            beside = answer if gold.kind == "degree" else gold
            if gold.kind == answer.kind or not contains(beside, frozenset({"constant"})):  # a unit that was left out
                gold, answer = (bare(node.args[0]) if node.kind == "degree" else node for node in (gold, answer))
        if gold.kind == "based" or answer.kind == "based":
            self.reach("structure")
            if gold.kind == answer.kind:
                return None if gold.name == answer.name else "another number, or another base"
            digits = gold.name.partition("_")[0] if gold.kind == "based" else ""
            written = literal(answer)
            if gold.kind == "based" and written and written.value.denominator == 1 and str(written.value) == digits:
                return None
            return "another base" if gold.kind == "based" else "not evaluated"
        return self.values(gold, answer)

    def values(self, gold: Node, answer: Node, strict: bool | None = None) -> str | None:
        """`strict`: whether the answer must be evaluated where the gold is; by default as the task asks."""
        strict = self.evaluated if strict is None else strict
        self.reach("exact")
        if _infinite(gold) or _infinite(answer):
            return None if _infinite(gold) == _infinite(answer) else "another value"
        wanted, written = literal(gold), literal(answer)
        if wanted is not None and written is not None:
            return _numbers(wanted, written, strict)
        if strict and unevaluated(answer, gold):
            return "not evaluated"
        gold, answer = _one_logarithm(gold, answer)
        names = symbols(gold)
        if names != symbols(answer):
            return "not a number" if wanted is not None else "other variables"
        if contains(gold, UNEVALUATED - {"mod"}) or contains(answer, UNEVALUATED - {"mod"}):
            self.reach("symbolic")
            from verirl_tasks.math.symbolic import same_value

            return None if same_value(gold, answer) else "another value"
        if names:
            return self.functions(gold, answer)
        return self.constants(gold, answer, wanted, written, strict)

    def constants(
        self, gold: Node, answer: Node, wanted: Number | None, written: Number | None, strict: bool
    ) -> str | None:
        """Two values without variables, at most one of them written as a number."""
        try:
            value = exact(answer, {})
        except NotRational:
            value = None
        if wanted is not None:
            if value is not None:
                if strict:
                    return "not evaluated"
                return None if value == wanted.value else "another number"
            if strict and wanted.unit is None:
                return "not evaluated"
            self.reach("numeric")
            with digits_for(gold, answer):
                found = approximate(answer, {})
                if not strict and close(found, approximate(gold, {})):
                    return None
                real = to_fraction(found)
            return None if real is not None and within_stated_digits(wanted, real) else "another number"
        try:
            target = self.of_gold(lambda: exact(gold, {}))
        except NotRational:
            target = None
        if target is not None and value is not None:
            if target == value:
                return None
            rounded = written is not None and not terminates(target) and rounded_from(written, target)
            return None if rounded else "another number"
        self.reach("numeric")
        with digits_for(gold, answer):
            goal, found = self.of_gold(lambda: approximate(gold, {})), approximate(answer, {})
            if close(goal, found):
                return None
            real = to_fraction(goal)
        return None if written is not None and real is not None and rounded_from(written, real) else "another value"

    def functions(self, gold: Node, answer: Node) -> str | None:
        """Two expressions in the same variables."""
        try:
            pairs = self.residues(gold, answer)
        except NotRational:
            self.reach("numeric")
            with digits_for(gold, answer):
                values = self.numbers(gold, answer)
                return None if all(close(a, b) for a, b in values) else "another expression"
        self.reach("modular")
        return None if all(a == b for a, b in pairs) else "another expression"

    def residues(self, gold: Node, answer: Node) -> list[tuple[int, int]]:
        """Both values modulo the gold's prime, at points that the gold decides. Raises NotRational."""
        prime = prime_for(self.gold_text)

        def at(index: int) -> dict[str, int]:
            return {name: _hash(f"{self.gold_text}\0{index}\0{name}", 16) % prime for name in symbols(gold)}

        return self.pairs(gold, answer, 3, lambda node, index: residue(node, at(index), prime))

    def numbers(self, gold: Node, answer: Node) -> list[tuple[Any, Any]]:
        """Both values to 80 digits and more at several points, positive and negative. Where the gold is real at some points,
        only those count: it is no fault of the answer's to be defined elsewhere."""
        names = symbols(gold)
        values = self.pairs(
            gold,
            answer,
            POINTS if names else 1,
            lambda node, index: approximate(node, {name: _coordinate(name, index) for name in names}),
        )
        return [(a, b) for a, b in values if close(a, _real_part(a))] or values

    def pairs(self, gold: Node, answer: Node, count: int, value: Callable[[Node, int], Any]) -> list[tuple[Any, Any]]:
        """At each point where the gold has a value."""
        found = []
        for index in range(count):
            try:
                goal = self.of_gold(lambda index=index: value(gold, index))  # type: ignore[misc]
            except Undefined:
                continue
            found.append((goal, value(answer, index)))
        if not found:
            raise Undefined("the gold answer has none either")
        return found

    @staticmethod
    def of_gold(work: Callable[[], Any]) -> Any:
        try:
            return work()
        except TooDear as error:
            raise BadGold(f"the gold answer is too dear to work out: {error}") from None


_STRUCTURES = frozenset(
    {
        "sequence",
        "matrix",
        "union",
        "intersection",
        "difference",
        "builder",
        "set",
        "relation",
        "chain",
        "ratio",
        "text",
        "clock",
    }
)
_NO_SETS = "no sets that can be read off"
_UNORDERED = ("list", "or", "and", r"\{\}")


def _numbers(gold: Number, answer: Number, strict: bool) -> str | None:
    if strict and gold.value.denominator == 1 and gold.style != "fraction" and answer.style == "fraction":
        return "not evaluated"
    if answer.value == gold.value or within_stated_digits(gold, answer.value):
        return None
    # "What percentage ...?" is answered with 40 as well as with 40%.
    if answer.style == "percent" and gold.style == "number" and gold.value == answer.value * 100:
        return None
    if gold.style == "percent" != answer.style and answer.value == gold.value * 100:
        return None
    if gold.unit is None and not terminates(gold.value) and rounded_from(answer, gold.value):
        return None
    return "another number"


def _solved(node: Node) -> tuple[str, Node] | None:
    """x and 5 for x = 5, for 5 = x, for f(x) = 5, and x and S for x in S; (x, y) and (1, 2) likewise."""
    if node.kind != "relation" or node.name not in ("=", "in", "~"):
        return None
    left, right = (bare(arg) for arg in node.args)
    if left.kind == "symbol" and left.name not in symbols(right):
        return left.name, right
    if left.kind == "sequence" and all(bare(arg).kind == "symbol" for arg in left.args) and right.kind != "symbol":
        return ",".join(bare(arg).name for arg in left.args), right
    if (name := _applied(left)) and name not in symbols(right):
        return name, right
    if not symbols(right) and _names_a_length(left):
        return "length", right
    if right.kind == "symbol" and node.name == "=" and right.name not in symbols(left):
        return right.name, left
    return None


def _without_domain(node: Node) -> Node:
    r"""2k for 2k, k \in \mathbb{Z}: what the letter stands for is said, and is no second answer."""
    if node.kind != "sequence" or node.name not in ("list", "and") or len(node.args) != 2:
        return node
    first, last = bare(node.args[0]), bare(node.args[1])
    if last.kind != "relation" or last.name != "in" or bare(last.args[1]).kind != "set":
        return node
    named = symbols(last.args[0]) & symbols(first)
    return first if named and not says_set(first) else node


def _same_brackets(gold: Node, answer: Node) -> bool:
    return gold.kind == answer.kind == "sequence" and gold.name == answer.name and gold.name[:1] in "(["


def _names_a_length(node: Node) -> bool:
    r"""AB, |AB|, \frac{NO}{BO} and A : B name what is asked for, and are no equation to be solved."""
    if node.kind == "symbol":
        return node.name[:1].isupper()
    return node.kind in ("mul", "div", "abs", "ratio", "group") and all(map(_names_a_length, node.args))


def _applied(node: Node) -> str:
    """f for f(x), as the left side of an equation has it; else empty."""
    if node.kind == "mul" and node.args[0].kind == "symbol" and node.args[1].kind in ("group", "sequence"):
        name = node.args[0].name
        return (
            name
            if name.rstrip("'")[:1] in ("f", "g", "h", "p", "q", "P", "Q", "F", "G", "y", "u", "v", "T", "S", "N")
            else ""
        )
    return ""


def _plain_value(node: Node) -> Fraction | None:
    try:
        return exact(node, {})
    except (NotRational, Undefined, TooDear, KeyError):
        return None


def _as_quotient(node: Node) -> Node:
    if node.kind == "ratio" and len(node.args) == 2:
        return Node("div", node.args)
    return node


def _as_tuple(node: Node) -> Node:
    """A matrix of one row or one column as a tuple; what is none stays what it is."""
    if node.kind == "matrix" and not node.name:
        if len(node.args) == 1:
            return Node("sequence", node.args[0].args, "()")
        if all(len(row.args) == 1 for row in node.args):
            return Node("sequence", tuple(row.args[0] for row in node.args), "()")
    return node


def _as_named_tuple(gold: Node, answer: Node) -> tuple[Node, Node]:
    """x = 1, y = 2 beside (1, 2): as tuples, in the order of the names."""
    for one, other in ((gold, answer), (answer, gold)):
        if one.kind != "sequence" or one.name not in _UNORDERED or other.kind != "sequence" or other.name != "()":
            continue
        solved = [_solved(bare(arg)) for arg in one.args]
        names = [each[0] for each in solved if each]
        if len(set(names)) == len(one.args) and not any(name[-1:].isdigit() for name in names):
            ordered = sorted(each for each in solved if each)
            as_tuple = Node("sequence", tuple(value for _, value in sorted(ordered, key=lambda pair: pair[0])), "()")
            return (as_tuple, other) if one is gold else (other, as_tuple)
    return gold, answer


def _scaled(node: Node, factor: Fraction) -> Node:
    """A literal stays one, so that a number of millions is a number."""
    number = literal(node)
    if number is not None:
        return Node("number", number=number.value * factor)
    return Node("mul", (Node("number", number=factor), node))


def _unit_name(node: Node) -> str:
    return node.name if node.kind == "quantity" else ""


def _infinite(node: Node) -> int:
    r"""1 for \infty, -1 for -\infty, else 0."""
    node = bare(node)
    if node.kind == "neg":
        return -_infinite(node.args[0])
    return int(node.kind == "constant" and node.name == "infinity")


def _one_logarithm(gold: Node, answer: Node) -> tuple[Node, Node]:
    r"""\log without a base is the natural one where \ln or e stands beside it, and to base 10 elsewhere."""
    trees = (gold, answer)
    if not any(_bare_log(node) for node in trees) or not any(_natural(node) for node in trees):
        return trees
    return _with_ln(gold), _with_ln(answer)


def _bare_log(node: Node) -> bool:
    return (node.kind == "function" and node.name == "log" and len(node.args) == 1) or any(map(_bare_log, node.args))


def _natural(node: Node) -> bool:
    own = (node.kind == "function" and node.name in ("ln", "exp")) or (node.kind == "constant" and node.name == "e")
    return own or any(map(_natural, node.args))


def _with_ln(node: Node) -> Node:
    name = (
        "ln"
        if _bare_log(node) and node.kind == "function" and node.name == "log" and len(node.args) == 1
        else node.name
    )
    return Node(node.kind, tuple(map(_with_ln, node.args)), name, node.number)


def _real_part(value: Any) -> Any:
    return getattr(value, "real", value)


def _real_positive(a: Any, b: Any) -> bool:
    ratio = a / b
    return bool(close(ratio, _real_part(ratio)) and _real_part(ratio) > 0)


def _hash(text: str, size: int) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest())


def _coordinate(name: str, index: int) -> Fraction:
    """Between 0.2 and 3.1, the same for a name always; negative at every other point."""
    digest = _hash(f"{index} {name}", 4)
    size = Fraction(digest % 2_000_003 + 140_009, 700_001)
    return -size if digest % 2 and index >= POINTS // 2 else size
