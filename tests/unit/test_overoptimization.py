"""Best-of-n against brute force, fits against planted parameters, KL against enumeration, curves made by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from verirl.overoptimization import (
    Fit,
    best_of_n,
    best_of_n_kl,
    divergence_point,
    entropy_floor,
    fit_best_of_n,
    fit_rl,
    judge_rules,
    kl_budget,
    kl_estimates,
    length_drift,
    peak_and_end,
    proxy_plateau,
    seed_interval,
    sequence_kl,
    smooth,
    spread_collapse,
)

# -- best of n ---------------------------------------------------------------------------------------------------------


def brute_force(proxy: Sequence[float], truth: Sequence[float], n: int) -> float:
    """Mean over all subsets of the mean truth of those with the subset's highest proxy."""
    results = []
    for subset in combinations(range(len(proxy)), n):
        top = max(proxy[i] for i in subset)
        best = [truth[i] for i in subset if proxy[i] == top]
        results.append(sum(best) / len(best))
    return sum(results) / len(results)


SAMPLES = st.lists(st.tuples(st.integers(-2, 2), st.floats(-5, 5)), min_size=1, max_size=8)  # many ties


@given(SAMPLES)
def test_best_of_n_matches_brute_force_with_ties(samples: list[tuple[int, float]]) -> None:
    proxy, truth = [float(p) for p, _ in samples], [t for _, t in samples]
    ns = list(range(1, len(samples) + 1))
    assert best_of_n(proxy, truth, ns) == pytest.approx([brute_force(proxy, truth, n) for n in ns], abs=1e-12)


def test_best_of_n_without_ties_matches_the_binomials() -> None:
    rng = np.random.default_rng(3)
    proxy, truth = rng.normal(size=200), rng.random(200)
    for n in (1, 7, 64, 200):
        weights = [math.comb(i, n - 1) / math.comb(200, n) for i in range(200)]
        expected = float(np.dot(weights, truth[np.argsort(proxy)]))
        assert best_of_n(list(proxy), list(truth), [n]) == pytest.approx([expected], rel=1e-12)


def test_best_of_n_by_hand() -> None:
    # Best of 2 of proxies 1 < 2 < 3: the middle one of {1, 2}, the top one of the other two pairs.
    assert best_of_n([2.0, 3.0, 1.0], [1.0, 0.0, 1.0], [1, 2, 3]) == pytest.approx([2 / 3, 1 / 3, 0.0])
    assert best_of_n([0.0] * 4, [1.0, 0.0, 0.0, 0.0], [1, 2, 3, 4]) == pytest.approx([0.25] * 4)
    assert best_of_n([-math.inf, 0.0], [1.0, 0.5], [2]) == [0.5]  # a score of minus infinity is a lowest score


def test_best_of_n_stays_finite_for_many_samples() -> None:
    count = 20_000
    (value,) = best_of_n(list(range(count)), [i / count for i in range(count)], [4096])
    assert value == pytest.approx((4096 * (count + 1) / 4097 - 1) / count)  # expected maximum of a draw from 1..N


@pytest.mark.parametrize(
    ("proxy", "truth", "ns"),
    [
        ([1.0, 2.0], [1.0, 2.0], [3]),
        ([1.0, 2.0], [1.0, 2.0], [0]),
        ([1.0, 2.0], [1.0], [1]),
        ([math.nan, 2.0], [1.0, 2.0], [1]),
        ([1.0, 2.0], [1.0, math.nan], [1]),
        ([], [], [1]),
    ],
)
def test_best_of_n_refuses(proxy: list[float], truth: list[float], ns: list[int]) -> None:
    with pytest.raises(ValueError, match=r"proxies|NaN|must hold"):
        best_of_n(proxy, truth, ns)


@pytest.mark.parametrize("n", [1, 2, 5, 64])
def test_best_of_n_kl_is_that_of_the_maximum_of_n(n: int) -> None:
    # The quantile of the best of n has density n u^(n-1) against 1.
    def integrand(u: float) -> float:
        density = n * u ** (n - 1)
        return density * math.log(density) if density > 0 else 0.0

    exact, _ = quad(integrand, 0, 1)
    assert best_of_n_kl(n) == pytest.approx(exact, abs=1e-8)


def test_best_of_n_kl_refuses_none() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        best_of_n_kl(0)


# -- fits --------------------------------------------------------------------------------------------------------------

Fitter = Callable[..., Fit]
FORMS: list[tuple[Fitter, Callable[[float, float, float], float]]] = [
    (fit_best_of_n, lambda d, a, b: d * (a - b * d)),
    (fit_rl, lambda d, a, b: d * (a - b * math.log(d))),
]
D = [0.2, 0.5, 1.0, 1.7, 2.5, 4.0]


@pytest.mark.parametrize(("fit", "form"), FORMS)
@given(a=st.floats(-3, 3), b=st.floats(-3, 3), curves=st.integers(1, 4))
def test_fits_recover_planted_parameters(
    fit: Fitter, form: Callable[[float, float, float], float], a: float, b: float, curves: int
) -> None:
    planted = [[(0.0, 9.0), *((d, form(d, a, b)) for d in D[i % 2 :])] for i in range(curves)]
    found = fit(planted)
    assert (found.a, found.b) == pytest.approx((a, b), abs=1e-9)
    assert (*found.a_interval, *found.b_interval) == pytest.approx((a, a, b, b), abs=1e-7)
    assert found.n == sum(len(curve) - 1 for curve in planted)


@pytest.mark.parametrize(("fit", "form"), FORMS)
@pytest.mark.parametrize(("curves", "points"), [(1, 30), (20, 6)])
def test_intervals_hold_the_planted_parameters_under_noise(
    fit: Fitter, form: Callable[[float, float, float], float], curves: int, points: int
) -> None:
    rng, grid = np.random.default_rng(11), np.linspace(0.1, 4, points)
    held, repeats = np.zeros(2), 30
    for _ in range(repeats):
        # A seed has its own a: its points move together, and count as one.
        own = 1.0 + (0.2 * rng.normal(size=curves) if curves > 1 else np.zeros(1))
        noisy = [[(d, form(d, a, 0.3) + 0.1 * rng.normal()) for d in grid] for a in own]
        found = fit(noisy)
        assert found.a_interval[0] < found.a < found.a_interval[1]
        assert found.a_interval[1] - found.a_interval[0] < 0.4
        assert found.b_interval[0] < found.b < found.b_interval[1]
        assert found.r_squared is not None and 0.3 < found.r_squared < 1
        held += [low < x < high for x, (low, high) in ((1.0, found.a_interval), (0.3, found.b_interval))]
    assert (held / repeats >= 0.85).all()  # of the 0.95 that an interval promises
    assert fit(noisy) == found  # seeded


def test_intervals_are_over_whole_curves() -> None:
    # Two seeds, each without noise: the interval reaches from the one to the other, however many points they have.
    planted = [[(d, d * (a - 0.2 * d)) for d in np.linspace(0.1, 3, 300)] for a in (0.5, 1.5)]
    assert fit_best_of_n(planted).a_interval == pytest.approx((0.5, 1.5))
    assert fit_best_of_n(planted).a == pytest.approx(1.0)


def test_peaks() -> None:
    assert fit_best_of_n([[(d, d * (1 - 0.25 * d)) for d in D]]).peak == pytest.approx(2.0)
    assert fit_best_of_n([[(d, d * (1 - 0.1 * d)) for d in D]]).peak is None  # at 5, beyond the points
    assert fit_best_of_n([[(d, d * (1 + 0.1 * d)) for d in D]]).peak is None
    assert fit_best_of_n([[(d, d * (-1 - 0.1 * d)) for d in D]]).peak is None  # falls from the start
    assert fit_rl([[(d, d * (1 - 0.8 * math.log(d))) for d in D]]).peak == pytest.approx(math.exp(0.25))
    assert fit_rl([[(d, d * (1 - 0.001 * math.log(d))) for d in D]]).peak is None  # at e^999
    assert fit_rl([[(d, d * (1 + 0.8 * math.log(d))) for d in D]]).peak is None  # a minimum is no peak


def test_equal_values_have_no_r_squared() -> None:
    assert fit_rl([[(d, 0.5) for d in D]]).r_squared is None


@pytest.mark.parametrize("fit", [fit_best_of_n, fit_rl])
@pytest.mark.parametrize(
    ("curves", "message"),
    [
        ([], "at least 3 points"),
        ([[(0.0, 0.0), (1.0, 1.0)], [(-1.0, 1.0), (2.0, 1.0)]], "got 2"),
        ([[(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)]], "two or more d"),
        ([[(1.0, 1.0), (2.0, math.nan), (3.0, 3.0)]], "finite"),
        ([[(1.0, 1.0), (math.nan, 1.0), (3.0, 3.0)]], "finite"),
    ],
)
def test_fits_refuse(fit: Fitter, curves: list[list[tuple[float, float]]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(curves)


# -- KL ----------------------------------------------------------------------------------------------------------------

Row = Sequence[float]


def conditional(seed: int) -> Callable[[tuple[int, ...]], Row]:
    """A language model over 3 tokens: log-probabilities of the next one, which depend on all those before."""

    def logprobs(prefix: tuple[int, ...]) -> Row:
        logits = np.random.default_rng([seed, *prefix, 99]).normal(scale=1.5, size=3)
        return list(logits - np.log(np.exp(logits).sum()))

    return logprobs


def sequences(end: int | None, prefix: tuple[int, ...] = (), longest: int = 3) -> Iterator[tuple[int, ...]]:
    """All sequences of 3 tokens, or shorter ones that end in `end`."""
    for token in range(3):
        if token == end or len(prefix) + 1 == longest:
            yield (*prefix, token)
        else:
            yield from sequences(end, (*prefix, token), longest)


def token_logprobs(model: Callable[[tuple[int, ...]], Row], sequence: tuple[int, ...]) -> list[float]:
    return [model(sequence[:t])[token] for t, token in enumerate(sequence)]


@pytest.mark.parametrize("end", [None, 0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_k1_and_k3_have_the_exact_kl_as_their_expectation(end: int | None, seed: int) -> None:
    policy, reference = conditional(seed), conditional(seed + 100)
    every = list(sequences(end))
    rows = [(token_logprobs(policy, s), token_logprobs(reference, s)) for s in every]
    probability = [math.exp(sum(p)) for p, _ in rows]
    assert sum(probability) == pytest.approx(1, abs=1e-12)
    exact = sum(w * math.log(w / math.exp(sum(q))) for w, (_, q) in zip(probability, rows, strict=True))
    estimates = [kl_estimates([p], [q]) for p, q in rows]
    k1, k2, k3 = np.array(probability) @ np.array(estimates)
    summed = sum(w * sequence_kl(p, q) for w, (p, q) in zip(probability, rows, strict=True))
    assert exact > 0.1
    assert (k1, k3, summed) == pytest.approx((exact,) * 3, abs=1e-12)
    assert abs(k2 - exact) > 1e-3  # the biased one
    assert all(estimate.k3 >= 0 for estimate in estimates)


def test_kl_estimates_are_means_over_sequences_of_any_length() -> None:
    p, q = [[-1.0, -2.0], [], [-0.5]], [[-1.5, -1.0], [], [-0.5]]
    k3 = (math.exp(-0.5) - 1 + 0.5) + (math.exp(1) - 1 - 1)
    assert kl_estimates(p, q) == pytest.approx(((0.5 - 1) / 3, (0.25 + 1) / 2 / 3, k3 / 3))
    assert kl_estimates(p, p) == (0, 0, 0)
    assert kl_estimates([[-2000.0]], [[-1.0]]).k3 == math.inf


def test_kl_refuses() -> None:
    with pytest.raises(ValueError, match="got 2 and 1"):
        sequence_kl([-1.0, -1.0], [-1.0])
    with pytest.raises(ValueError, match="finite"):
        sequence_kl([-1.0], [-math.inf])
    with pytest.raises(ValueError, match="at least one"):
        kl_estimates([], [])
    with pytest.raises(ValueError, match="argument 2"):
        kl_estimates([[-1.0]], [])


# -- curves ------------------------------------------------------------------------------------------------------------


def test_smooth() -> None:
    assert list(smooth([0.0, 3.0, 0.0, 6.0])) == pytest.approx([1.5, 1.0, 3.0, 3.0])
    assert set(smooth([0.1] * 7)) == {0.1}
    assert list(smooth([2.0])) == [2.0]
    with pytest.raises(ValueError, match="finite"):
        smooth([1.0, math.nan])


RISING = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
HUMP = [0.2, 0.4, 0.6, 0.8, 0.6, 0.4, 0.2]  # smoothed: .3 .4 .6 .667 .6 .4 .3


@pytest.mark.parametrize(
    ("truth", "se", "proxy", "expected"),
    [
        (HUMP, 0.05, RISING, 4),
        (HUMP, 0.1, RISING, 5),  # 0.067 under the maximum is within an error
        (HUMP, 0.5, RISING, None),
        (RISING, 0.0, RISING, None),
        (HUMP, 0.05, HUMP, None),  # both fall
        (HUMP, 0.05, [0.0, 1.0, 2.0, 3.0, 3.0, 3.0, 3.0], 4),  # smoothed, the proxy rises up to the fifth point
        (HUMP, 0.1, [0.0, 1.0, 2.0, 3.0, 3.0, 3.0, 3.0], None),
        ([0.5] * 7, 0.0, RISING, None),
        ([0.8, 0.8, 0.8, 0.2, 0.2, 0.8, 0.8], 0.05, [5.0, 5.0, 5.0, 0.0, 0.0, 5.0, 5.0], None),  # breaks, recovers
        ([0.8, 0.7, 0.5, 0.3, 0.1, 0.0, 0.0], 0.05, RISING, 1),  # from the first point on
    ],
)
def test_divergence_point(truth: list[float], se: float, proxy: list[float], expected: int | None) -> None:
    assert divergence_point(RISING, truth, [se] * len(truth), proxy) == expected


def test_a_rate_of_zero_does_not_claim_to_be_known_exactly() -> None:
    truth, proxy = [0.1, 0.1, 0.0, 0.0], [0.0, 1.0, 2.0, 3.0]
    assert divergence_point(proxy, truth, [0.2, 0.2, 0.0, 0.0], proxy) is None
    assert divergence_point(proxy, truth, [0.0] * 4, proxy) == 1


def test_divergence_point_refuses_and_needs_two_points() -> None:
    with pytest.raises(ValueError, match="lengths differ"):
        divergence_point([1.0], [1.0], [1.0], [])
    with pytest.raises(ValueError, match="standard error"):
        divergence_point([1.0], [1.0], [-1.0], [1.0])
    assert divergence_point([], [], [], []) is None
    assert divergence_point([1.0], [1.0], [0.0], [1.0]) is None


def test_peak_and_end() -> None:
    assert peak_and_end([0, 10, 20, 30, 40, 50, 60], HUMP) == pytest.approx((30, 2 / 3, 0.3))
    assert peak_and_end([0, 10, 20], [0.1, 0.1, 0.1]) == (0, 0.1, 0.1)
    spike = [0.0, 0.9, 0.0, 0.0, 0.5, 0.5, 0.5]  # one lucky evaluation is not the peak
    assert peak_and_end(range(7), spike) == pytest.approx((5, 0.5, 0.5))
    with pytest.raises(ValueError, match="at least one"):
        peak_and_end([], [])


# -- stopping rules ----------------------------------------------------------------------------------------------------


def curve(**columns: list[float | None]) -> list[dict[str, Any]]:
    length = len(next(iter(columns.values())))
    return [{"step": 10 * i} | {key: values[i] for key, values in columns.items()} for i in range(length)]


def test_kl_budget() -> None:
    run = curve(kl=[0.0, 1.0, None, 3.0, 2.0, 4.0])
    assert kl_budget(run, 0.5) == 0
    assert kl_budget(run, 1.0) == 2  # one had not yet seen it go over
    assert kl_budget(run, 2.0) == 2  # that it comes back below is known later only
    assert kl_budget(run, 3.0) == 4
    assert kl_budget(run, 9.0) == 5
    assert kl_budget(curve(kl=[5.0, 6.0]), 1.0) == 0


def test_entropy_floor_and_spread_collapse() -> None:
    assert entropy_floor(curve(entropy=[2.0, 1.0, 0.5, 0.49, 3.0])) == 3
    assert entropy_floor(curve(entropy=[None, 2.0, 1.0, 0.9]), share=0.5) == 3
    assert entropy_floor(curve(entropy=[2.0, 1.0])) == 1
    assert spread_collapse(curve(spread=[1.0, 0.2, 0.19, 1.0])) == 2
    assert spread_collapse(curve(spread=[0.0, 0.0, 0.0])) == 2


def test_length_drift() -> None:
    assert length_drift(curve(length=[10.0, 15.0, 15.1, 10.0])) == 2
    assert length_drift(curve(length=[12.0, 8.0, 7.9])) == 2
    assert length_drift(curve(length=[10.0, 11.0, 9.0, 10.0])) == 3


def test_proxy_plateau() -> None:
    assert proxy_plateau(curve(proxy=[0.0, 1.0, 2.0, 2.0, 2.05, 2.1, 9.0])) == 5  # 0.1 of 2.1, in three points
    assert proxy_plateau(curve(proxy=[0.0, 1.0, 2.0, 2.0, 2.05, 2.3, 9.0])) == 6
    assert proxy_plateau(curve(proxy=[0.0, 1.0, 1.0, 1.0]), patience=2) == 3
    assert proxy_plateau(curve(proxy=[0.0, 1.0, None, 1.0, 1.0]), patience=2) == 4
    assert proxy_plateau(curve(proxy=[3.0, 2.0, 1.0, 0.0, 9.0])) == 3  # never rose
    assert proxy_plateau(curve(proxy=[0.0, 1.0])) == 1
    assert proxy_plateau(curve(proxy=[None, None])) == 1


def test_judge_rules() -> None:
    run = curve(
        proxy=[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        pass_rate=list(HUMP),
        kl=[0.0, 0.5, 0.9, 2.0, 3.5, 6.0, 9.0],
        entropy=[1.0, 0.8, 0.6, 0.4, 0.2, 0.1, 0.1],
        length=[10.0, 11.0, 12.0, 13.0, 14.0, 16.0, 18.0],
        spread=[None] * 7,
    )
    outcomes = {outcome.name: outcome for outcome in judge_rules(run)}
    assert {name: outcome.step for name, outcome in outcomes.items()} == {
        "never": 60,
        "kl_budget 1": 20,
        "kl_budget 3": 30,
        "kl_budget 10": 60,
        "entropy_floor": 40,
        "length_drift": 50,
        "proxy_plateau": 60,
        "spread_collapse": 60,
    }
    assert outcomes["kl_budget 3"].regret == 0
    assert outcomes["kl_budget 1"].truth_at_stop == pytest.approx(0.6)
    assert outcomes["never"].truth_at_stop == pytest.approx(0.3)
    assert outcomes["never"].regret == pytest.approx(2 / 3 - 0.3)


MEASURED = ("pass_rate", "proxy", "kl", "entropy", "length", "spread", "truncated")
EVALUATIONS = st.lists(
    st.fixed_dictionaries({key: st.none() | st.floats(0, 10) for key in MEASURED}), min_size=1, max_size=8
)


@given(EVALUATIONS, EVALUATIONS)
def test_rules_never_look_at_the_truth_or_ahead(
    points: list[dict[str, float | None]], others: list[dict[str, float | None]]
) -> None:
    run = [{"step": i} | point for i, point in enumerate(points)]
    outcomes = judge_rules(run)
    blind = judge_rules([point | {"pass_rate": None} for point in run])
    assert [outcome.step for outcome in outcomes] == [outcome.step for outcome in blind]
    assert all(outcome.truth_at_stop is None and outcome.regret is None for outcome in blind)
    for row, outcome in enumerate(outcomes):
        assert outcome.regret is None or outcome.regret >= 0
        if outcome.step < len(run) - 1:  # it fired: another future after that does not matter
            seen = outcome.step + (2 if outcome.name.startswith("kl_budget") else 1)
            changed = run[:seen] + [{"step": seen + i} | point for i, point in enumerate(others)]
            assert judge_rules(changed)[row].step == outcome.step


def test_truth_at_a_stop_is_the_last_one_measured() -> None:
    run = curve(pass_rate=[None, 0.4, None, 0.8], kl=[0.0, 0.5, 0.5, 9.0])
    (never, at_one) = judge_rules(run, kl_budgets=[1.0])[:2]
    assert at_one.step == 20 and at_one.truth_at_stop == pytest.approx(0.6)
    assert never.regret == pytest.approx(0.0)
    assert judge_rules(curve(pass_rate=[None, 0.4], kl=[0.0, 9.0]), kl_budgets=[1.0])[1].regret is None
    with pytest.raises(ValueError, match="at least one"):
        judge_rules([])


# -- over seeds --------------------------------------------------------------------------------------------------------


def test_seed_interval() -> None:
    mean, low, high, median = seed_interval([0.0, 0.0, 0.65, 0.5, 0.48])
    assert (mean, median) == pytest.approx((0.326, 0.48))
    assert low is not None and high is not None and 0 <= low < mean < high <= 0.65
    assert seed_interval([0.0, 0.0, 0.65, 0.5, 0.48]) == (mean, low, high, median)
    assert seed_interval([0.5, 0.5]) == (0.5, 0.5, 0.5, 0.5)
    assert seed_interval([0.5]) == (0.5, None, None, 0.5)
    with pytest.raises(ValueError, match="at least one"):
        seed_interval([])


def test_seed_interval_of_many_seeds_is_the_textbook_one() -> None:
    values = np.random.default_rng(5).normal(size=400)
    mean, low, high, _ = seed_interval(list(values))
    half = 1.96 * values.std(ddof=1) / 20
    assert (low, high) == pytest.approx((mean - half, mean + half), abs=0.05 * half)
