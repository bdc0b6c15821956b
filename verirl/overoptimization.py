"""How far a proxy reward can be pushed before the truth falls: best-of-n, KL, fits, divergence, stopping rules.

Pure functions, no I/O; all that is drawn at random has a seed, so every number comes out the same again. The *proxy* is
the reward that is optimised, the *truth* what it stands for (a verifier's pass rate). d = sqrt(KL), where KL, in nats,
is that of the policy from the one that it started as, over whole responses. Intervals are 95% and two-sided.
Bad arguments raise ValueError.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Interval = tuple[float, float]
Curve = Sequence[Mapping[str, Any]]  # one point an evaluation, in order; a key that is None or absent was not measured
Points = Sequence[tuple[float, float]]

RESAMPLES = 10_000  # of every bootstrap
SINGULAR = 1e-12  # resamples whose points have, to this relative precision, one d between them determine no curve


class KlEstimates(NamedTuple):
    """Estimates of one KL, in nats for a whole sequence."""

    k1: float
    k2: float
    k3: float


class SeedInterval(NamedTuple):
    """Mean over seeds with its interval (None for one seed, which says nothing of others), and the median."""

    mean: float
    low: float | None
    high: float | None
    median: float


class PeakEnd(NamedTuple):
    """Highest and last value of a smoothed curve, and the step of the highest (the first of equals)."""

    peak_step: int
    peak: float
    end: float


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A fitted curve R(d), R(0) = 0, with the intervals of its two parameters.

    `r_squared` is 1 - residual / total sum of squares about the mean (None where all values are equal; it can be
    negative, since the curve has no free constant). `peak` is the d inside (0, largest d seen] where the curve is
    highest, None where it has no maximum there. `n` counts the points fitted.
    """

    a: float
    b: float
    a_interval: Interval
    b_interval: Interval
    r_squared: float | None
    peak: float | None
    n: int


@dataclass(frozen=True, kw_only=True)
class RuleOutcome:
    """Where a stopping rule would have ended training, the truth there, and the peak of the truth minus that."""

    name: str
    step: int
    truth_at_stop: float | None  # None where the truth was never measured up to the stop
    regret: float | None


# -- best of n ---------------------------------------------------------------------------------------------------------


def best_of_n(proxy: Sequence[float], truth: Sequence[float], ns: Sequence[int]) -> list[float]:
    """Expected truth of the sample with the highest proxy among n, for each n of `ns`; unbiased.

    From N samples of one problem, over all subsets of n. In order of the proxy, sample i (from 1, the lowest) is the
    best of C(i - 1, n - 1) subsets of C(N, n) (Nakano et al. 2021, arXiv:2112.09332; Gao et al. 2022,
    arXiv:2210.10760). Samples with equal proxy share their probability equally, as if one were drawn at random: ranks
    s + 1 to e together have F(e) - F(s), with F(k) = C(k, n) / C(N, n), the probability that all n are among the
    lowest k. ValueError where n > N or n < 1, where lengths differ, or for a NaN (or an infinite truth).
    """
    x, y = _floats(proxy), _floats(truth)
    if len(x) != len(y):
        raise ValueError(f"one truth a proxy is needed; got {len(x)} proxies and {len(y)} truths")
    if np.isnan(x).any() or not np.isfinite(y).all():
        raise ValueError("no proxy may be NaN, and every truth must be finite")
    if any(not 1 <= n <= len(x) for n in ns):
        raise ValueError(f"1 <= n <= {len(x)} (the samples) must hold; got {list(ns)}")
    _, group, counts = np.unique(x, return_inverse=True, return_counts=True)
    means = np.bincount(group, weights=y) / counts
    edges = np.concatenate([[0], np.cumsum(counts)])
    rank = np.arange(1, len(x) + 1)
    expected = []
    for n in ns:
        ratios = np.maximum(rank - n, 0) / rank  # F(k - 1) / F(k): no binomial that overflows
        below = np.concatenate([np.cumprod(ratios[::-1])[::-1], [1.0]])
        expected.append(float(np.diff(below[edges]) @ means))
    return expected


def best_of_n_kl(n: int) -> float:
    """KL of best-of-n sampling from the policy sampled, in nats: log n - (n - 1) / n (Stiennon et al. 2020).

    Exact for continuous scores; an upper bound, and loose, where single responses or scores are likely, so that the n
    often tie (Beirami et al. 2024, arXiv:2401.01879).
    """
    if n < 1:
        raise ValueError(f"n must be at least 1; got {n}")
    return math.log(n) - (n - 1) / n


# -- the fits of Gao et al. 2022 ---------------------------------------------------------------------------------------


def fit_best_of_n(curves: Sequence[Points], seed: int = 0) -> Fit:
    """R(d) = d (a - b d): Gao et al. (2022, arXiv:2210.10760), for best-of-n. Arguments as for `fit_rl`."""
    return _fit(curves, np.square, lambda a, b: a / (2 * b), seed)


def fit_rl(curves: Sequence[Points], seed: int = 0) -> Fit:
    """R(d) = d (a - b log d): Gao et al. (2022, arXiv:2210.10760), for RL; by linear least squares.

    `curves` has one list of (d, value) a seed; a value is the gain over the policy at d = 0. Points with d <= 0 are
    left out. The intervals are the percentiles of a bootstrap over whole curves, since the points of one run are not
    independent; with one curve its points are drawn, which says nothing of other seeds. With few curves such intervals
    are too narrow (simulated: with 5 curves 87% held the planted a). ValueError for fewer than 3 points, for points
    that share one d, and for numbers that are not finite.
    """
    return _fit(curves, lambda d: d * np.log(d), lambda a, b: math.exp(min(a / b - 1, 700.0)), seed)


def _fit(
    curves: Sequence[Points], bend: Callable[[Array], Array], peak: Callable[[float, float], float], seed: int
) -> Fit:
    """R(d) = a d - b bend(d); `peak` is where dR/dd = 0, a maximum for b > 0."""
    kept = [[(float(d), float(value)) for d, value in curve if not d <= 0] for curve in curves]
    kept = [curve for curve in kept if curve]
    points = _floats([point for curve in kept for point in curve]).reshape(-1, 2)
    if not np.isfinite(points).all():
        raise ValueError("every d and every value must be a finite number")
    if len(points) < 3:
        raise ValueError(f"a fit needs at least 3 points with d > 0; got {len(points)}")
    d, value = points.T
    if np.ptp(d) == 0:
        raise ValueError(f"a fit needs points at two or more d; all are at {d[0]:g}")
    design = np.stack([d, -bend(d)], axis=1)
    a, b = (float(x) for x in np.linalg.lstsq(design, value, rcond=None)[0])
    total = float(np.square(value - value.mean()).sum())
    residual = float(np.square(value - design @ np.array([a, b])).sum())
    units = np.repeat(np.arange(len(kept)), [len(curve) for curve in kept]) if len(kept) > 1 else np.arange(len(d))
    a_interval, b_interval = _parameter_intervals(design, value, units, seed)
    top = peak(a, b) if b > 0 else None
    return Fit(
        a=a,
        b=b,
        a_interval=a_interval,
        b_interval=b_interval,
        r_squared=1 - residual / total if total > 0 else None,
        peak=top if top is not None and 0 < top <= d.max() else None,
        n=len(d),
    )


def _parameter_intervals(design: Array, value: Array, unit: NDArray[np.intp], seed: int) -> tuple[Interval, Interval]:
    """Bootstrap over units, all resamples at once: each sums the normal equations of the units that it drew."""
    x, z = design.T
    products = [x * x, x * z, z * z, x * value, z * value]
    sums = np.stack([np.bincount(unit, weights=product) for product in products], axis=1)
    units = len(sums)
    drawn = np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), size=RESAMPLES)
    xx, xz, zz, xy, zy = (drawn @ sums).T
    determinant = xx * zz - xz * xz
    sound = determinant > SINGULAR * xx * zz
    xx, xz, zz, xy, zy, determinant = (each[sound] for each in (xx, xz, zz, xy, zy, determinant))
    if not len(determinant):
        raise ValueError("the points are at d too close to each other for a fit")
    return _percentiles((zz * xy - xz * zy) / determinant), _percentiles((xx * zy - xz * xy) / determinant)


# -- KL from log-probabilities -----------------------------------------------------------------------------------------


def sequence_kl(policy_logprobs: Sequence[float], reference_logprobs: Sequence[float]) -> float:
    """k1 of one sampled sequence: log policy - log reference (nats), summed over its tokens, of the same length T.

    Its mean over samples of the policy estimates the KL without bias; one sequence alone may give a negative number.
    """
    return float(_log_ratio(policy_logprobs, reference_logprobs).sum())


def kl_estimates(
    policy_logprobs_NT: Sequence[Sequence[float]], reference_logprobs_NT: Sequence[Sequence[float]]
) -> KlEstimates:
    """Means over N sequences, sampled from the policy, of three estimators summed over tokens (Schulman 2020).

    With d = log policy - log reference of a token: k1 = d, k2 = d^2 / 2, k3 = exp(-d) - 1 + d. k1 and k3 are unbiased
    for the KL of the whole sequence (its chain rule, token by token), k3 never negative and mostly less noisy; k2 is
    biased, the less so the closer the two are. Sequences may differ in length. ValueError for none at all.
    """
    if not policy_logprobs_NT:
        raise ValueError("at least one sequence is needed")
    ratios = [_log_ratio(p, q) for p, q in zip(policy_logprobs_NT, reference_logprobs_NT, strict=True)]
    d, sequences = np.concatenate(ratios), len(ratios)
    with np.errstate(over="ignore"):  # a token that the reference likes e^709 times better: infinite, and said so
        k3 = np.expm1(-d) + d
    return KlEstimates(*(float(k.sum()) / sequences for k in (d, d * d / 2, k3)))


def _log_ratio(policy_logprobs_T: Sequence[float], reference_logprobs_T: Sequence[float]) -> Array:
    policy, reference = _floats(policy_logprobs_T), _floats(reference_logprobs_T)
    if policy.shape != reference.shape:
        raise ValueError(f"as many log-probabilities of both are needed; got {len(policy)} and {len(reference)}")
    if not (np.isfinite(policy).all() and np.isfinite(reference).all()):
        raise ValueError("every log-probability must be finite")
    return policy - reference


# -- peaks and divergence ----------------------------------------------------------------------------------------------


def divergence_point(
    d: Sequence[float], truth: Sequence[float], truth_se: Sequence[float], proxy: Sequence[float]
) -> int | None:
    """Index of the first point, in the order of training, where truth and proxy part; None where they never do.

    Both curves are smoothed (centred average of 3 points, of 2 at the ends). They part at i when the truth lies more
    than one standard error under its maximum so far (the larger of the errors at the two points, of which a rate of 0
    or 1 claims none), and the proxy still rises: it is higher than at i - 1, and higher than where the truth was at its
    maximum, so that a run which breaks down and recovers, in both, has not diverged. It need hold at i only.
    `d` = sqrt(KL) a point, so that d[i] is where; it decides nothing, since training may go back in it.
    """
    if not len(d) == len(truth) == len(truth_se) == len(proxy):
        raise ValueError(
            f"lengths differ: {len(d)} d, {len(truth)} truths, {len(truth_se)} errors, {len(proxy)} proxies"
        )
    real, error, seeming = smooth(truth), _floats(truth_se), smooth(proxy)
    if not (np.isfinite(error).all() and (error >= 0).all()):
        raise ValueError("every standard error must be finite and 0 or more")
    for i in range(1, len(real)):
        top = int(np.argmax(real[:i]))
        fallen = real[top] - real[i] > max(error[top], error[i])
        if fallen and seeming[i] > seeming[i - 1] and seeming[i] > seeming[top]:
            return i
    return None


def peak_and_end(steps: Sequence[int], values: Sequence[float]) -> PeakEnd:
    """Peak and end of a curve, both of its centred average of 3 points: single maxima are mostly noise."""
    if not values or len(steps) != len(values):
        raise ValueError(f"one value a step, and at least one, is needed; got {len(steps)} steps, {len(values)} values")
    curve = smooth(values)
    top = int(np.argmax(curve))
    return PeakEnd(peak_step=steps[top], peak=float(curve[top]), end=float(curve[-1]))


def smooth(values: Sequence[float]) -> Array:
    """Centred moving average of 3 points; of the 2 that there are at either end. ValueError where one is not finite."""
    x = _floats(values)
    if not np.isfinite(x).all():
        raise ValueError("every value of a curve must be finite")
    step = np.diff(x)
    apart, count = np.zeros_like(x), np.ones_like(x)
    # Averages of differences from the point itself: a constant curve stays constant to the bit.
    apart[1:] -= step
    apart[:-1] += step
    count[1:] += 1
    count[:-1] += 1
    return x + apart / count


# -- stopping rules, judged after the fact -----------------------------------------------------------------------------
# Each gives the index at which one would have stopped. None looks at the truth, nor at a point after the one at which
# it decides. Where it never fires, or its quantity was never measured, that is the last point.


def kl_budget(curve: Curve, budget: float) -> int:
    """The last point before `kl` first exceeds `budget` (nats); the first point where even that is beyond it."""
    return next((max(i - 1, 0) for i, kl in _known(curve, "kl") if kl > budget), len(curve) - 1)


def entropy_floor(curve: Curve, share: float = 0.25) -> int:
    """The first point where `entropy` is below `share` of its first value."""
    return _first_below(curve, "entropy", share)


def spread_collapse(curve: Curve, share: float = 0.2) -> int:
    """The first point where `spread`, the reward's within-group deviation, is below `share` of its first value."""
    return _first_below(curve, "spread", share)


def length_drift(curve: Curve, factor: float = 1.5) -> int:
    """The first point where `length` leaves [first / factor, first * factor]."""
    known = _known(curve, "length")
    return next((i for i, value in known if not known[0][1] / factor <= value <= known[0][1] * factor), len(curve) - 1)


def proxy_plateau(curve: Curve, patience: int = 3, share: float = 0.05) -> int:
    """The first point where `patience` points have raised the `proxy`'s maximum by at most `share` of its rise.

    The rise is that of the maximum so far over the first value; a proxy that has not risen at all has plateaued.
    """
    known = _known(curve, "proxy")
    highest = np.maximum.accumulate(_floats([value for _, value in known]))
    for now in range(patience, len(known)):
        if highest[now] - highest[now - patience] <= share * (highest[now] - highest[0]):
            return known[now][0]
    return len(curve) - 1


def judge_rules(curve: Curve, kl_budgets: Sequence[float] = (1.0, 3.0, 10.0)) -> list[RuleOutcome]:
    """What each rule would have kept of the truth (`pass_rate`, smoothed); `never`, the end of training, comes first.

    The truth at a stop is that of the last evaluation up to there which measured it, and the regret is the peak over
    the whole curve minus it, never negative. Keys read: step, pass_rate, proxy, kl, entropy, length, spread.
    """
    if not curve:
        raise ValueError("a curve needs at least one evaluation")
    stops = {"never": len(curve) - 1}
    stops |= {f"kl_budget {budget:g}": kl_budget(curve, budget) for budget in kl_budgets}
    rules = (entropy_floor, length_drift, proxy_plateau, spread_collapse)
    stops |= {rule.__name__: rule(curve) for rule in rules}
    known = _known(curve, "pass_rate")
    truth = smooth([value for _, value in known])
    outcomes = []
    for name, stop in stops.items():
        seen = sum(i <= stop for i, _ in known)
        here = float(truth[seen - 1]) if seen else None
        regret = None if here is None else float(truth.max()) - here
        outcomes.append(RuleOutcome(name=name, step=int(curve[stop]["step"]), truth_at_stop=here, regret=regret))
    return outcomes


def _known(curve: Curve, key: str) -> list[tuple[int, float]]:
    """(index, value) of the points at which `key` was measured."""
    measured = [(i, point[key]) for i, point in enumerate(curve) if point.get(key) is not None]
    return [(i, float(value)) for i, value in measured if math.isfinite(value)]


def _first_below(curve: Curve, key: str, share: float) -> int:
    known = _known(curve, key)
    return next((i for i, value in known if value < share * known[0][1]), len(curve) - 1)


# -- over seeds --------------------------------------------------------------------------------------------------------


def seed_interval(values: Sequence[float], seed: int = 0) -> SeedInterval:
    """Mean of one value a seed with the percentiles of a bootstrap over seeds, which assumes no shape (outcomes of
    learned rewards are bimodal), and the median. With few seeds it is too narrow: of normal values 82% of
    such intervals held the mean with 5 seeds, 90% with 10, 94% with 20 (simulated). ValueError for no values."""
    x = _floats(values)
    if not len(x) or not np.isfinite(x).all():
        raise ValueError("at least one value, and finite ones only, are needed")
    mean, median = float(x.mean()), float(np.median(x))
    if len(x) == 1:
        return SeedInterval(mean, None, None, median)
    drawn = np.random.default_rng(seed).integers(len(x), size=(RESAMPLES, len(x)))
    return SeedInterval(mean, *_percentiles(x[drawn].mean(axis=1)), median)


def _percentiles(x: Array) -> Interval:
    low, high = np.percentile(x, [2.5, 97.5])
    return float(low), float(high)


def _floats(values: Sequence[Any]) -> Array:
    return np.asarray(values, dtype=np.float64)
