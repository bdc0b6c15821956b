"""Compares our verdicts on pairs with Math-Verify's, and sorts every disagreement into a named kind."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from math_pairs import Pair
from verirl.types import Problem, Status, Verdict
from verirl_tasks.math.task import MathConfig, MathTask

Right = Literal["ours", "theirs", "policy"]


def has_math_verify() -> bool:
    return importlib.util.find_spec("math_verify") is not None


def math_verify(seconds: int = 5, keep_golds: bool = False) -> Callable[[str, str], bool]:
    """Math-Verify as its authors use it: LaTeX and plain expressions, the box first. Only in the main thread, since its
    timeouts are alarms; `seconds` is for each of the three. `keep_golds`: a gold that comes again is not read again."""
    module: Any = importlib.import_module("math_verify")
    logging.getLogger("math_verify").setLevel(logging.CRITICAL)
    plain = module.ExprExtractionConfig()
    of_gold = [module.LatexExtractionConfig(), plain]
    of_response = [module.LatexExtractionConfig(boxed_match_priority=0), plain]
    golds: dict[str, Any] = {}

    def verify(gold: str, response: str) -> bool:
        read = golds.get(gold) or module.parse(f"${gold}$", of_gold, parsing_timeout=seconds)
        if keep_golds:
            golds[gold] = read
        answer = module.parse(response, of_response, parsing_timeout=seconds)
        return bool(module.verify(read, answer, timeout_seconds=seconds))

    return verify


def ours(form: str) -> Callable[[str, str], Verdict]:
    """Our task, reading boxes; `form` `any` accepts what is not worked out, as Math-Verify does."""
    task = MathTask(MathConfig.model_validate({"form": form}))

    def verify(gold: str, response: str) -> Verdict:
        problem = Problem(id="pair", prompt=[], data={"answer": gold}, split="test")
        return task.verify(problem, response, None)  # type: ignore[arg-type]  # the math task needs no tools

    return verify


@dataclass(frozen=True)
class Kind:
    """One kind of disagreement that somebody has looked at: which of ours accepts (`accepts`), on which changes of which
    golds ("*" is any), and who is right. `why` is a sentence for docs/math-verifier.md."""

    name: str
    accepts: bool
    golds: str
    changes: str
    right: Right
    why: str

    def covers(self, pair: Pair, accepted: bool) -> bool:
        return (
            accepted is self.accepts
            and (self.golds == "*" or pair.kind in self.golds.split(", "))
            and (self.changes == "*" or pair.change in self.changes.split(", "))
        )


KINDS = (
    Kind("a full stop behind the answer", True, "*", "final dot, final_dot", "ours", "Theirs reads no number in `18.`."),
    Kind("spacing around the answer", True, "*", "thin", "ours", r"`\,` and `\!` say nothing; theirs stops at them."),
    Kind("dollars inside the box", True, "*", "dollars", "ours",
         "Behind an earlier box, theirs takes a box with dollars inside for a second answer."),
    Kind("complex numbers", True, "complex, complex power", "*", "ours",
         "For theirs i is a letter, and another one behind a space; i^2 is not -1."),
    Kind("repeating decimals", True, "repeating decimal", "*", "ours", r"Theirs reads no `\overline` over digits."),
    Kind("repeating decimals, another value", False, "repeating decimal", "*", "ours",
         r"Theirs reads no `\overline` over digits."),
    Kind("degrees", True, "degrees, special angle", "sign, angle, turned", "ours",
         "Theirs reads no degree sign, and takes the cosine of 36 degrees for that of 36."),
    Kind("degrees in radians", True, "degrees", "radians", "policy", "The same angle; ours accepts it."),
    Kind("mixed numbers with a slash", True, "mixed number", "slash", "ours", "Theirs reads `28 3/4` as 31/4."),
    Kind("powers of ten", True, "scientific", "e, shifted", "ours", "Theirs reads the e of `3.65e22` as Euler's number."),
    Kind("small numbers", False, "scientific, formula, decimal", "exponent, mantissa, last digit, last_digit, negated", "ours",
         "Theirs rounds to six decimals, so 2.68e-17 passes for 2.67e-17."),
    Kind("percent as a word", True, "percent", "word", "ours", "Theirs drops the word, and compares 115.5 with 1.155."),
    Kind("percent or not", True, "number, percent", "percent, bare", "policy",
         "Ours takes 40% and 40 for one answer, whichever is the gold; theirs not all of them."),
    Kind("empty sets", True, "empty set", "*", "ours", r"For theirs `\varnothing` is a letter."),
    Kind("inequalities", True, "inequality", "*", "ours", "2x > 6 is x > 3 (with `form` any)."),
    Kind("intervals as inequalities", True, "interval", "inequality", "policy", "The same set; ours accepts it both ways."),
    Kind("identities that are not found", True,
         "trigonometry, nested radical, cube roots, polynomials, symmetric, exponential, logarithm, golden ratio, plane, "
         "partial fractions, closed form, finite sum, union of surds, matrix of surds, rational function, factored", "*", "ours",
         "Equal at all points; sympy's simplification gives up or takes too long."),
    Kind("letters cut as words", True, "several variables, polynomial, text, choice", "*", "ours",
         "Theirs cuts `by`, `ax` and the like, and reads some words as products of letters."),
    Kind("letters cut as words, another value", False, "number, integer, several variables, polynomial, text, choice", "*", "ours",
         "Of `-by + 4y^2 - c` theirs keeps 4."),
    Kind("units", False, "quantity, currency", "*", "ours", "Theirs drops them: 16 feet pass for 16 hours, cents for dollars."),
    Kind("bases", False, "number in a base", "*", "ours", "Theirs drops the base."),
    Kind("bases behind brackets", True, "number in a base", "parentheses", "ours", "`(141)_7` is `141_7`."),
    Kind("both ends for an interval", False, "interval", "ends", "ours", r"`\{0, 21\}` is not (0, 21)."),
    Kind("tuples, lists and sets", False, "list, tuple, set", "tuple, bare, brackets, set, list", "policy",
         "Ours keeps a list, (1, 2, 3), [1, 2, 3] and {1, 2, 3} apart where the gold has brackets."),
    Kind("a member twice", False, "set", "twice", "policy", "The same set; ours counts members, or naming more would pay."),
)  # fmt: skip


@dataclass(frozen=True)
class Disagreement:
    pair: Pair
    verdict: Verdict
    theirs: bool
    kind: Kind | None


def triage(pair: Pair, accepted: bool) -> Kind | None:
    """The kind of a disagreement; None where nobody has looked at such a one. `accepted`: by ours.

    A verdict of ours that is against a certain label is of no kind: that is an error to mend.
    """
    if pair.same not in (None, accepted):
        return None
    return next((kind for kind in KINDS if kind.covers(pair, accepted)), None)


def compare(pairs: Iterable[Pair]) -> tuple[list[Disagreement], dict[str, float]]:
    """Every disagreement, and counts: pairs, agreements, ours and theirs against the labels, seconds of each."""
    verify, theirs = ours("any"), math_verify()
    found: list[Disagreement] = []
    counts: dict[str, float] = defaultdict(float)
    for pair in pairs:
        counts["pairs"] += 1
        begun = time.perf_counter()
        verdict = verify(pair.gold, pair.response)
        between = time.perf_counter()
        accepted = theirs(pair.gold, pair.response)
        counts["our seconds"] += between - begun
        counts["their seconds"] += time.perf_counter() - between
        correct = verdict.status is Status.CORRECT
        if pair.same is not None:
            counts["labelled"] += 1
            counts["ours against the label"] += correct != pair.same
            counts["theirs against the label"] += accepted != pair.same
        if correct == accepted:
            counts["agreements"] += 1
            continue
        found.append(Disagreement(pair, verdict, accepted, triage(pair, correct)))
    return found, dict(counts)


def print_differential(pairs: list[Pair]) -> None:
    """Every disagreement under its kind, then how many there are of each."""
    found, counts = compare(pairs)
    by_kind: dict[str, list[Disagreement]] = defaultdict(list)
    for one in found:
        by_kind[f"{one.kind.name} ({one.kind.right})" if one.kind else "UNTRIAGED"].append(one)
    for name, disagreements in sorted(by_kind.items()):
        print(f"\n{name}")
        for one in disagreements:
            pair, verdict = one.pair, one.verdict
            print(f"    {pair.kind}, {pair.change}, {pair.wrapping}: gold {pair.gold} | answer {pair.answer}")
            print(
                f"        ours {verdict.status} ({verdict.reason}), read {verdict.answer!r}; Math-Verify {one.theirs}"
            )
    print("\n| kind | pairs | example: gold; answer | ours | right | why |\n| --- | --- | --- | --- | --- | --- |")
    for name, disagreements in sorted(by_kind.items(), key=lambda item: -len(item[1])):
        one = min(disagreements, key=lambda item: len(item.pair.gold) + len(item.pair.answer))
        kind, cells = one.kind, (f"`{text.replace('|', '&#124;')}`" for text in (one.pair.gold, one.pair.answer))
        told = (kind.name, kind.right, kind.why) if kind else (name, "?", "nobody has looked at it")
        print(
            f"| {told[0]} | {len(disagreements)} | {'; '.join(cells)} | {one.verdict.status} | {told[1]} | {told[2]} |"
        )
    print({name: round(value, 2) for name, value in counts.items()})
