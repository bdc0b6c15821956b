"""What a reward model is worth: on pairs, and on single responses whose correctness is known. Pure functions.

Pairs are judged by raw scores, which Bradley and Terry's model gives probabilities for; standardised ones have another
scale. A good accuracy on pairs like those trained on says little about what optimisation will find, so that the same
numbers on the policy's own samples, and the correlation with length, stand beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from verirl.stats import mean_interval, wilson_interval

BINS = 10

Floats = NDArray[np.float64]


def pair_report(chosen: ArrayLike, rejected: ArrayLike, problems: Sequence[str] | None = None) -> dict[str, Any]:
    """{"pairs", "accuracy", "accuracy_interval", "loss", "ece"} of raw scores [N] and [N].

    Accuracy: share of pairs with chosen > rejected, a tie being half right; with its 95% interval (Wilson's), in which
    pairs with equal `problems` count as one cluster. `ece`: expected calibration error of max(p, 1 - p) for
    p = sigmoid(chosen - rejected), in 10 bins of equal width (Guo et al. 2017, eq. 3, with 10 bins between 1/2 and 1):
    sum over bins of |pairs told right - confidence| / N. A pair has no other side to be wrong on, so p itself, which is
    of the response known to be chosen, cannot be calibrated. Raises ValueError for no pairs, or scores not finite.
    """
    gaps = _finite(chosen) - _finite(rejected)
    if not len(gaps):
        raise ValueError("there are no pairs to report on")
    right = np.where(gaps == 0, 0.5, gaps > 0)
    accuracy = float(right.mean())
    if problems is None:
        interval = wilson_interval(float(right.sum()), len(right))
    else:
        interval = mean_interval(right.tolist(), problems)[1:]
    return {
        "pairs": len(gaps),
        "accuracy": accuracy,
        "accuracy_interval": list(interval),
        "loss": float(np.logaddexp(0.0, -gaps).mean()),
        "ece": _calibration_error(np.abs(gaps), right),
    }


def score_report(scores: ArrayLike, correct: Sequence[bool], lengths: ArrayLike) -> dict[str, Any]:
    """{"samples", "right", "gap", "auc", "length_correlation"} of responses [N], whose lengths are in tokens.

    `gap`: mean score of right answers minus that of wrong ones, in standard deviations of all. `auc`: probability that a
    right one scores higher than a wrong one, a tie being half (Mann & Whitney). `length_correlation`: Spearman's. Each
    is None where it is not defined. Raises ValueError for scores that are not finite.
    """
    values, right = _finite(scores), np.asarray(correct, dtype=bool)
    n = int(right.sum())
    gap = auc = None
    if 0 < n < len(right):
        spread = float(values.std())
        gap = float(values[right].mean() - values[~right].mean()) / spread if spread > 0 else 0.0
        ranks = rankdata(values)
        auc = float((ranks[right].sum() - n * (n + 1) / 2) / (n * (len(right) - n)))
    return {
        "samples": len(values),
        "right": n,
        "gap": gap,
        "auc": auc,
        "length_correlation": spearman(values, _finite(lengths)),
    }


def _calibration_error(confidence_gaps: Floats, right: Floats) -> float:
    confidence = 1 / (1 + np.exp(-confidence_gaps))
    bins = np.minimum((2 * BINS * (confidence - 0.5)).astype(int), BINS - 1)
    excess = np.bincount(bins, weights=right - confidence, minlength=BINS)
    return float(np.abs(excess).sum() / len(right))


def spearman(a: Floats, b: Floats) -> float | None:
    """None where one side does not vary."""
    if len(a) < 2 or a.min() == a.max() or b.min() == b.max():
        return None
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def _finite(values: ArrayLike) -> Floats:
    found = np.asarray(values, dtype=float)
    if not np.isfinite(found).all():
        raise ValueError("a score is not finite")
    return found
