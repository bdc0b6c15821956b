"""The statistics against numbers computed by hand, by enumeration, by scipy and by simulation."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_rel

from verirl.errors import DataError
from verirl.stats import (
    clustered_se,
    compare,
    maj_at_k,
    mcnemar_exact,
    mean_interval,
    paired_interval,
    paired_means,
    pass_at_k,
    summarize,
    wilson_interval,
)


def record(problem: str, status: str, mode: str = "greedy", sample: int = 0, **more: Any) -> dict[str, Any]:
    line = {"problem_id": problem, "tags": [], "mode": mode, "sample": sample, "text": "", "status": status}
    return line | {"score": float(status == "correct"), "finish_reason": "stop"} | more


def greedy(outcomes: str) -> list[dict[str, Any]]:
    """One record a letter: + passes, - fails."""
    return [record(f"p{i}", "correct" if letter == "+" else "incorrect") for i, letter in enumerate(outcomes)]


# -- Wilson ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("passes", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe (1998), table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilson_matches_published_values(passes: int, n: int, low: float, high: float) -> None:
    assert wilson_interval(passes, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_contains_the_rate_and_never_has_width_zero(case: tuple[int, int]) -> None:
    passes, n = case
    low, high = wilson_interval(passes, n)
    assert 0 <= low <= passes / n <= high <= 1
    assert high - low > 1 / (n + 4)
    expected = binomtest(passes, n).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(("passes", "n"), [(0, 0), (3, 2), (-1, 2)])
def test_wilson_refuses_nonsense(passes: int, n: int) -> None:
    with pytest.raises(ValueError, match="passes"):
        wilson_interval(passes, n)


# -- clustered means -------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1), min_size=2, max_size=50))
def test_clustered_se_with_one_sample_a_cluster_is_the_plain_one(values: list[float]) -> None:
    plain = np.std(values, ddof=1) / math.sqrt(len(values))
    assert clustered_se(values, [str(i) for i in range(len(values))]) == pytest.approx(plain, abs=1e-12)


def test_clustered_se_by_hand() -> None:
    # mean 1/2; cluster sums of deviations: a: 1/2 + 1/2 = 1, b: -1/2 - 1/2 = -1, c: 0. sqrt(3/2 * (1 + 1 + 0)) / 6.
    values, clusters = [1, 1, 0, 0, 1, 0], ["a", "a", "b", "b", "c", "c"]
    assert clustered_se(values, clusters) == pytest.approx(math.sqrt(3) / 6)
    assert math.isnan(clustered_se([1, 0], ["a", "a"]))


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_one_outcome_per_problem_is_wilson(passes: list[bool]) -> None:
    estimate = mean_interval([float(p) for p in passes], [str(i) for i in range(len(passes))])
    assert estimate[1:] == pytest.approx(wilson_interval(sum(passes), len(passes)), abs=1e-9)


def test_copies_of_a_sample_add_no_information() -> None:
    once = mean_interval([1, 0, 0, 1, 1, 0, 1, 1], list("abcdefgh"))
    four_times = mean_interval([1, 0, 0, 1, 1, 0, 1, 1] * 4, list("abcdefgh") * 4)
    assert four_times.value == once.value
    assert four_times.high - four_times.low >= once.high - once.low


@pytest.mark.parametrize("value", [0.0, 0.1, 1.0])
def test_without_variance_samples_of_a_problem_count_as_copies(value: float) -> None:
    estimate = mean_interval([value] * 30, [str(i // 3) for i in range(30)])
    assert estimate[1:] == pytest.approx(wilson_interval(value * 10, 10))
    assert estimate.low <= value <= estimate.high


def test_a_single_problem_has_a_wide_interval() -> None:
    assert mean_interval([1, 0, 1, 0], ["a"] * 4)[1:] == pytest.approx(wilson_interval(0.5, 1))


@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 0.5), (0.2, 3.0), (5.0, 5.0)])
def test_coverage_of_the_clustered_interval(alpha: float, beta: float) -> None:
    """Problems of all difficulties, 4 samples each: the interval holds the true mean in about 95 of 100 evaluations."""
    rng = np.random.default_rng(7)
    clusters = [str(i) for i in range(64) for _ in range(4)]
    runs, held, naive_held = 800, 0, 0
    for _ in range(runs):
        difficulty = rng.beta(alpha, beta, size=64)
        values = (rng.random((64, 4)) < difficulty[:, None]).astype(float).ravel().tolist()
        estimate = mean_interval(values, clusters)
        held += estimate.low <= alpha / (alpha + beta) <= estimate.high
        low, high = wilson_interval(sum(values), 256)
        naive_held += low <= alpha / (alpha + beta) <= high
    assert 0.93 <= held / runs <= 0.975
    assert naive_held < held  # what clustering is for


# -- pass@k, maj@k ---------------------------------------------------------------------------------------------------


@given(st.lists(st.booleans(), min_size=1, max_size=9), st.data())
def test_pass_at_k_is_the_mean_over_all_subsets(passes: list[bool], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(passes)))
    subsets = [any(subset) for subset in combinations(passes, k)]
    assert pass_at_k(len(passes), sum(passes), k) == pytest.approx(sum(subsets) / len(subsets))


def test_pass_at_k_by_hand() -> None:
    assert pass_at_k(4, 1, 2) == pytest.approx(0.5)  # 3 of the 6 pairs hold the one that passes
    assert pass_at_k(2000, 3, 1) == pytest.approx(3 / 2000)  # factorials of this size overflow a float
    assert pass_at_k(10, 10, 1) == 1.0
    assert pass_at_k(10, 0, 10) == 0.0


@pytest.mark.parametrize(("n", "c", "k"), [(4, 1, 5), (4, 5, 1), (4, 1, 0), (4, -1, 1)])
def test_pass_at_k_refuses_nonsense(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="must hold"):
        pass_at_k(n, c, k)


def test_maj_at_k_by_hand() -> None:
    right = {"7": True, "8": False, "9": False, None: False}

    def maj(answers: list[str | None], k: int) -> float:
        return maj_at_k([answers], [[right[a] for a in answers]], k)

    assert maj(["7", "7", "8"], 3) == 1.0
    assert maj(["7", "8", "8"], 3) == 0.0
    assert maj(["7", "8"], 2) == 0.5  # a tie
    assert maj(["7", "8", "9"], 3) == pytest.approx(1 / 3)
    assert maj(["7", None, None], 3) == 1.0  # no answer, no vote
    assert maj([None, None], 2) == 0.0
    assert maj(["7", "7", "8"], 2) == pytest.approx((1 + 0.5 + 0.5) / 3)  # the pairs 77, 78, 78
    assert maj(["7", "7", "8"], 1) == pytest.approx(2 / 3)
    assert maj_at_k([["7"], ["8"]], [[True], [False]], 1) == 0.5  # the mean over problems


@given(st.lists(st.sampled_from(["7", "8", None]), min_size=1, max_size=30))
def test_maj_at_1_is_the_pass_rate(answers: list[str | None]) -> None:
    flags = [answer == "7" for answer in answers]
    assert maj_at_k([answers], [flags], 1) == pytest.approx(sum(flags) / len(flags))


def test_maj_at_k_of_many_samples_is_drawn_with_a_seed() -> None:
    answers, flags = [["7"] * 12 + ["8"] * 8], [[True] * 12 + [False] * 8]
    assert maj_at_k(answers, flags, 20) == 1.0  # k = n is exact
    drawn = maj_at_k(answers, flags, 5)
    assert drawn == maj_at_k(answers, flags, 5)
    hypergeometric = sum(math.comb(12, i) * math.comb(8, 5 - i) for i in (3, 4, 5)) / math.comb(20, 5)
    assert drawn == pytest.approx(hypergeometric, abs=0.09)  # 3 standard errors of 256 draws


# -- paired differences ----------------------------------------------------------------------------------------------


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_sign_test(gained: int, lost: int) -> None:
    expected = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert mcnemar_exact(gained, lost) == pytest.approx(expected)


def test_mcnemar_of_thousands_of_changes_does_not_overflow() -> None:
    assert 0 <= mcnemar_exact(3000, 2000) < 1e-9


def test_paired_interval_matches_published_values() -> None:
    # Airway data in Fagerland, Lydersen and Laake (2014): n = 21, 1 against 7, Tango's interval.
    assert paired_interval(1, 7, 21) == pytest.approx((-0.517, -0.026), abs=1e-3)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_paired_interval_holds_the_difference_and_is_symmetric(gained: int, lost: int, same: int) -> None:
    n = gained + lost + same
    if n == 0:
        return
    low, high = paired_interval(gained, lost, n)
    assert -1 <= low <= (gained - lost) / n <= high <= 1
    assert high > low
    assert paired_interval(lost, gained, n) == pytest.approx((-high, -low), abs=1e-9)


def test_paired_means_is_the_paired_t_test() -> None:
    before = {"a": 0.25, "b": 0.5, "c": 0.0, "d": 0.75, "only before": 1.0}
    after = {"d": 0.75, "c": 0.5, "b": 1.0, "a": 0.25}
    result = paired_means(before, after)
    reference = ttest_rel([after[i] for i in "abcd"], [before[i] for i in "abcd"])
    interval = reference.confidence_interval(0.95)
    assert result.n == 4
    assert result.value == pytest.approx(0.25)
    assert result.p == pytest.approx(reference.pvalue)
    assert (result.low, result.high) == pytest.approx((interval.low, interval.high))


def test_paired_means_without_variance_claim_no_certainty() -> None:
    same = paired_means({"a": 0.1, "b": 0.3}, {"a": 0.1, "b": 0.3})
    assert (same.value, same.p) == (0.0, 1.0)
    assert same.low < 0 < same.high
    one = paired_means({"a": 0.25}, {"a": 0.75})
    assert one.p == 1.0
    assert one.low < 0.5 <= one.high
    shifted = paired_means({str(i): 0.25 for i in range(10)}, {str(i): 0.5 for i in range(10)})
    assert shifted.p == pytest.approx(2 / 2**10)
    assert 0 < shifted.low < 0.25 == shifted.high


def test_coverage_of_the_paired_interval() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(2000):
        kinds = rng.choice(4, size=128, p=[0.25, 0.15, 0.05, 0.55])  # right-right, gained, lost, wrong-wrong
        low, high = paired_interval(int((kinds == 1).sum()), int((kinds == 2).sum()), 128)
        held += low <= 0.10 <= high
    assert 0.935 <= held / 2000 <= 0.965


# -- compare ---------------------------------------------------------------------------------------------------------


def test_compare_by_hand() -> None:
    result = compare(greedy("----++"), greedy("+++-+-"))
    assert result["n"] == 6
    assert result["value"] == pytest.approx(2 / 6)  # 3 gained, 1 lost
    assert result["p"] == pytest.approx(0.625)
    assert (result["low"], result["high"]) == pytest.approx(paired_interval(3, 1, 6))
    assert result["unmatched"] == 0
    assert result["sampled"] is None
    json.dumps(result)


def test_compare_matches_by_problem_id() -> None:
    after = [*reversed(greedy("+++-")), record("new", "correct")]
    after[0]["status"] = "infrastructure_error"  # p3: nobody knows
    result = compare(greedy("-+--"), after)
    assert (result["n"], result["unmatched"]) == (3, 2)
    assert result["value"] == pytest.approx(2 / 3)


def test_compare_leaves_out_what_was_truncated_in_either() -> None:
    before, after = greedy("--+-"), greedy("++--")
    before[0]["finish_reason"] = "length"
    after[3]["finish_reason"] = "length"
    finished = compare(before, after)["finished"]
    assert (finished["n"], finished["value"]) == (2, 0.0)  # p1 gained, p2 lost
    for line in after:
        line["finish_reason"] = "length"
    assert compare(before, after)["finished"] is None


def test_compare_of_sampled_answers() -> None:
    before, after = greedy("-+"), greedy("-+")
    for i in range(2):
        before += [record(f"p{i}", "incorrect", "sampled", j) for j in range(4)]
        after += [record(f"p{i}", "correct" if j <= i else "incorrect", "sampled", j) for j in range(4)]
    sampled = compare(before, after)["sampled"]
    assert (sampled["n"], sampled["value"]) == (2, pytest.approx(0.375))


def test_compare_refuses_evaluations_that_share_nothing() -> None:
    with pytest.raises(DataError, match="no problem in common"):
        compare(greedy("+-"), [record("other", "correct")])
    with pytest.raises(DataError, match="no problem in common"):
        compare(greedy("+-"), [record("p0", "correct", "sampled")])
    with pytest.raises(DataError, match="'p0' has 2 greedy answers"):
        compare(greedy("+") + greedy("-"), greedy("+"))


# -- summarize -------------------------------------------------------------------------------------------------------


def test_summarize_by_hand() -> None:
    records = [
        record("a", "correct", tags=["add"], tokens=10),
        record("b", "incorrect", tags=["add", "big"], tokens=30, finish_reason="length"),
        record("c", "partial", tags=["mul"], tokens=20, score=0.5),
        record("d", "infrastructure_error", tags=["mul"], score=None),
        *(record("a", "correct", "sampled", i, answer="7", tags=["add"]) for i in range(4)),
        *(record("b", "correct" if i == 0 else "incorrect", "sampled", i, answer="78"[i > 0]) for i in range(4)),
        *(record("c", "no_answer", "sampled", i, answer=None) for i in range(4)),
    ]
    summary = summarize(records)
    assert (summary.n, summary.samples, summary.excluded) == (3, 4, 1)
    assert summary.greedy == pytest.approx(1 / 3)
    assert summary.greedy_interval == pytest.approx(wilson_interval(1, 3))
    assert summary.greedy_score == pytest.approx(0.5)
    assert summary.sampled == pytest.approx(5 / 12)
    assert summary.pass_at_k == pytest.approx({1: 5 / 12, 2: (1 + 0.5) / 3, 4: 2 / 3})
    assert summary.maj_at_k == pytest.approx({1: 5 / 12, 2: (1 + 0.25) / 3, 4: 1 / 3})
    assert summary.verdicts["greedy"] == {"correct": 1, "incorrect": 1, "partial": 1, "infrastructure_error": 1}
    assert summary.verdicts["sampled"] == {"correct": 5, "no_answer": 4, "incorrect": 3}
    assert summary.truncated == pytest.approx({"greedy": 1 / 3, "sampled": 0})
    assert summary.length == {"greedy": {"mean": 20, "median": 20, "max": 30}}
    assert (summary.greedy_finished, summary.greedy_finished_n) == (0.5, 2)
    assert summary.greedy_finished_interval == pytest.approx(wilson_interval(1, 2))
    assert summary.tags["add"]["n"] == 2
    assert summary.tags["add"]["greedy"] == 0.5
    assert summary.tags["mul"]["sampled"] is None
    assert json.loads(json.dumps(summary.as_dict()))["pass_at_k"]["4"] == pytest.approx(2 / 3)


def test_summarize_at_chosen_ks() -> None:
    records = [record("a", "correct" if i == 0 else "incorrect", "sampled", i) for i in range(5)]
    assert summarize(records, [3, 1, 3, 8]).pass_at_k == pytest.approx({1: 0.2, 3: 0.6})  # 8 samples there are not
    assert list(summarize(records).pass_at_k) == [1, 2, 4]


def test_summarize_with_a_mode_missing() -> None:
    only_greedy = summarize(greedy("+-"))
    assert (only_greedy.greedy, only_greedy.sampled, only_greedy.pass_at_k) == (0.5, None, {})
    only_sampled = summarize([record("a", "correct", "sampled", i) for i in range(3)])
    assert (only_sampled.greedy, only_sampled.sampled) == (None, 1.0)
    assert list(only_sampled.pass_at_k) == [1, 2]
    assert only_sampled.maj_at_k == {}  # the records carry no answers
    nothing = summarize([])
    assert (nothing.n, nothing.greedy, nothing.sampled, nothing.tags) == (0, None, None, {})


def test_a_fault_of_ours_is_neither_a_pass_nor_a_failure() -> None:
    records = greedy("++--")
    with_faults = [*records, record("x", "invalid_problem"), record("y", "infrastructure_error")]
    assert summarize(with_faults).greedy_interval == summarize(records).greedy_interval
    assert summarize([record("x", "invalid_problem")]).greedy is None


def test_a_learned_reward_never_decides_a_pass() -> None:
    assert summarize([record("a", "scored", score=9.0)]).greedy == 0.0


def test_importing_stats_imports_no_scipy() -> None:
    code = "import sys, verirl.stats; sys.exit(any(name.split('.')[0] in ('scipy', 'torch') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
