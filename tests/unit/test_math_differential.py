"""Pairs of golds and model-like responses: our verdicts against how each pair was made, and against Math-Verify's.

The full comparison is `python tests/math_pairs.py --differential`; what it found is in docs/math-verifier.md.
"""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest

from math_oracle import KINDS, compare, has_math_verify, ours, triage
from math_pairs import Pair, pairs
from mathgen import GOLDS, HARD
from verirl.types import Status
from verirl_tasks.math.extract import extract

CHECKED = 2_000
COMPARED = 100  # Math-Verify takes 10 ms for one that is worked out, 100 for one that is not


@pytest.fixture(scope="module")
def made() -> list[Pair]:
    return pairs(seed=11, count=CHECKED)


def contradicted(made: list[Pair], form: str) -> list[str]:
    verify = ours(form)
    found = []
    for pair in made:
        if pair.same is None or (pair.same and not pair.worked_out and form == "evaluated"):
            continue
        verdict = verify(pair.gold, pair.response)
        if (verdict.status is Status.CORRECT) is not pair.same:
            found.append(f"{pair.kind}, {pair.change}: {pair.gold} | {pair.answer} | {verdict.status} {verdict.reason}")
    return found


def test_no_verdict_contradicts_how_a_pair_was_made(made: list[Pair]) -> None:
    assert contradicted(made, "any") == []


def test_what_is_worked_out_is_accepted_by_the_strict_form_too(made: list[Pair]) -> None:
    assert contradicted(made, "evaluated") == []


def test_an_unworked_answer_to_a_number_is_refused_by_the_strict_form(made: list[Pair]) -> None:
    verify = ours("evaluated")
    restated = [pair for pair in made if pair.kind in ("integer", "count", "finite sum") and not pair.worked_out]
    accepted = [pair.answer for pair in restated if verify(pair.gold, pair.response).status is Status.CORRECT]
    assert len(restated) > 15
    assert accepted == []


def test_the_answer_stands_in_the_last_box_of_every_wrapping(made: list[Pair]) -> None:
    assert [
        pair.response for pair in made if (extract(pair.response, "boxed") or "").strip() != pair.answer.strip()
    ] == []


def test_pairs_are_the_same_for_a_seed_and_differ_from_each_other() -> None:
    first = pairs(seed=3, count=300, data=False)
    assert first == pairs(seed=3, count=300, data=False)
    assert first != pairs(seed=4, count=300, data=False)
    assert len({(pair.gold, pair.answer) for pair in first}) == 300


def test_every_kind_of_gold_has_equal_and_different_answers(made: list[Pair]) -> None:
    for make in dict.fromkeys(GOLDS):
        labels = Counter(answer.same for answer in make(random.Random(5)).answers)
        assert labels[True] >= 1 and labels[False] >= 3, make.__name__
    assert Counter(pair.same for pair in made)[False] > CHECKED / 3
    assert len(HARD) > 10


def test_a_verdict_against_a_label_is_of_no_kind() -> None:
    pair = Pair("18", "18.", "\\boxed{18.}", True, True, "own", "integer", "final dot", "box alone")
    kind = triage(pair, accepted=True)
    assert kind is not None and kind.right == "ours"
    assert triage(pair, accepted=False) is None
    assert len({kind.name for kind in KINDS}) == len(KINDS)


@pytest.mark.skipif(not has_math_verify(), reason="math-verify is not installed")
@pytest.mark.skipif("VERIRL_DATA" not in os.environ, reason="VERIRL_DATA is not set")
def test_every_disagreement_with_math_verify_has_been_looked_at(made: list[Pair]) -> None:
    quick = [pair for pair in made if pair.worked_out]
    found, counts = compare(quick[:: len(quick) // COMPARED])
    untriaged = [
        f"{one.pair.gold} | {one.pair.answer} | ours {one.verdict.status}" for one in found if one.kind is None
    ]
    assert untriaged == []
    assert counts["agreements"] >= 0.85 * counts["pairs"]
