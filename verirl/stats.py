"""Statistics of an evaluation: rates with intervals, pass@k, maj@k, paired differences. Pure functions, no I/O.

Intervals are 95% and two-sided. Problems, not samples, are what an evaluation draws at random, so several samples of
one problem count as one cluster (Miller, "Adding Error Bars to Evals", 2024, arXiv:2411.00640).

Every interval inverts a score test (Wilson, 1927; Tango, 1998) where there is one. The textbook interval
"mean +- 1.96 SE" has width 0 at 0% and at 100%, just where small evaluations often land, and it claims a certainty
that nobody has; a score interval has honest width there and never leaves [0, 1].
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from verirl.errors import DataError
from verirl.types import Status

Record = Mapping[str, Any]  # one line of eval/step-XXXXXX.jsonl
Interval = tuple[float, float]

Z95 = 1.959963984540054  # the normal distribution's 97.5% quantile
MAJORITY_SUBSETS = 256  # maj@k looks at every k-subset up to this many, and at this many random ones beyond


class Estimate(NamedTuple):
    """A mean with its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """after - before over the `n` problems that both evaluations have; `p` is two-sided, for "no difference"."""

    value: float
    low: float
    high: float
    p: float
    n: int

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class EvalSummary:
    """One evaluation in numbers. A rate is None where its kind of answer is missing.

    `n` counts problems, `samples` sampled answers per problem (median). Lengths are in tokens. `greedy_finished` is the
    greedy pass rate among answers that were not truncated. `verdicts` counts every status, the `excluded` ones too:
    samples that the policy is not to blame for, which enter nothing else.
    """

    n: int
    samples: int
    excluded: int
    greedy: float | None
    greedy_interval: Interval | None
    sampled: float | None
    sampled_interval: Interval | None
    greedy_score: float | None
    sampled_score: float | None
    greedy_finished: float | None
    greedy_finished_interval: Interval | None
    greedy_finished_n: int
    pass_at_k: dict[int, float]
    maj_at_k: dict[int, float]
    verdicts: dict[str, dict[str, int]]  # mode -> status -> count
    truncated: dict[str, float]  # mode -> share of answers
    length: dict[str, dict[str, float]]  # mode -> mean, median, max
    tags: dict[str, dict[str, Any]]  # tag -> n, greedy, greedy_interval, sampled, sampled_interval

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON data; what summary.json's `before` and `after` hold."""
        return asdict(self) | {
            "pass_at_k": {str(k): value for k, value in self.pass_at_k.items()},
            "maj_at_k": {str(k): value for k, value in self.maj_at_k.items()},
        }


def wilson_interval(passes: float, n: float) -> Interval:
    """Score interval of a binomial proportion (Wilson, 1927). `n` may be a fractional effective sample size.

    p = passes / n;   (p + z^2/2n +- z sqrt(p (1 - p) / n + z^2/4n^2)) / (1 + z^2/n)
    """
    if not (n > 0 and 0 <= passes <= n):
        raise ValueError(f"0 <= passes <= n and n > 0 must hold; got passes={passes}, n={n}")
    rate, shrink = passes / n, Z95**2 / n
    centre = (rate + shrink / 2) / (1 + shrink)
    half = math.sqrt(shrink * (rate * (1 - rate) + shrink / 4)) / (1 + shrink)
    # At the ends the formula gives exactly the rate; rounding may miss it by one bit and shut the rate out.
    return (0.0 if rate == 0 else max(0.0, centre - half)), (1.0 if rate == 1 else min(1.0, centre + half))


def clustered_se(values: Sequence[float], clusters: Sequence[str]) -> float:
    """Standard error of the mean of `values`, of which those with equal `clusters` may be correlated.

    sqrt(C / (C - 1)) / N * sqrt(sum_c (sum_{i in c} (x_i - mean))^2): Miller (2024), with the usual correction
    for few clusters. With one value a cluster it is std(ddof=1) / sqrt(N). NaN for fewer than two clusters.
    """
    x = np.asarray(values, dtype=float)
    _, cluster = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.bincount(cluster, weights=x - x.mean())
    if len(sums) < 2:
        return math.nan
    return float(math.sqrt(len(sums) / (len(sums) - 1) * float(np.square(sums).sum())) / len(x))


def mean_interval(values: Sequence[float], clusters: Sequence[str]) -> Estimate:
    """Mean of `values` in [0, 1] with its 95% interval, cluster-robust.

    Wilson's interval at the effective sample size: the number of independent 0/1 outcomes that would have the
    clustered standard error, n_eff = p (1 - p) / SE^2 * N / (N - 1), times (t_{N-1} / t_{C-1})^2, which widens it where
    there are few clusters (Korn and Graubard, 1998; Franco et al., 2019, with Wilson's interval). With one 0/1 outcome
    per problem this is exactly Wilson's interval. Where the data show no variance (all passed, none passed, a single
    problem) n_eff is the number of clusters: samples of a problem then count as copies, the cautious end.
    """
    total, mean = len(values), float(np.mean(values))
    groups = len(set(clusters))
    se = clustered_se(values, clusters)
    if math.isnan(se) or se < 1e-12:
        effective = float(groups)
    else:
        effective = mean * (1 - mean) / se**2 * total / (total - 1)
        if groups < total:
            effective *= (_t_quantile(total - 1) / _t_quantile(groups - 1)) ** 2
        if set(values) <= {0, 1}:  # clusters that seem to be anti-correlated are chance: never claim more than N
            effective = min(effective, total)
    return Estimate(mean, *wilson_interval(mean * effective, effective))


def pass_at_k(n: int, c: int, k: int) -> float:
    """Probability that at least one of `k` samples passes, unbiased, from `c` passes in `n` samples.

    1 - C(n - c, k) / C(n, k)   (Chen et al., 2021, arXiv:2107.03374, eq. 1). Raises ValueError where k > n.
    """
    if not (0 <= c <= n and 1 <= k <= n):
        raise ValueError(f"0 <= c <= n and 1 <= k <= n must hold; got n={n}, c={c}, k={k}")
    return 1 - math.comb(n - c, k) / math.comb(n, k)


def maj_at_k(
    answers_per_problem: Sequence[Sequence[str | None]],
    correct_flags: Sequence[Sequence[bool]],
    k: int,
    seed: int = 0,
) -> float:
    """Expected correctness of the majority vote of `k` samples, averaged over problems (Wang et al., 2023,
    arXiv:2203.11171).

    Per problem the mean over all k-subsets of its samples; over 256 random ones, drawn with `seed`, where there are
    more than that (never for k = n). In a subset each parsed answer has one vote for its exact text; None does not
    vote. The most frequent answers win, ties are split evenly, and an answer is as correct as the share of its voters
    that are flagged so. Nobody voting is wrong. Raises ValueError where a problem has fewer than k samples.
    """
    rng = np.random.default_rng(seed)
    problems = [list(zip(*pair, strict=True)) for pair in zip(answers_per_problem, correct_flags, strict=True)]
    return float(np.mean([_majority(votes, k, rng) for votes in problems]))


def _majority(votes: list[tuple[str | None, bool]], k: int, rng: np.random.Generator) -> float:
    if not 1 <= k <= len(votes):
        raise ValueError(f"1 <= k <= samples must hold; got k={k} with {len(votes)} samples")
    subsets: Iterable[Iterable[int]] = combinations(range(len(votes)), k)
    if math.comb(len(votes), k) > MAJORITY_SUBSETS:
        subsets = [rng.choice(len(votes), size=k, replace=False).tolist() for _ in range(MAJORITY_SUBSETS)]
    return float(np.mean([_vote([votes[i] for i in subset]) for subset in subsets]))


def _vote(votes: Sequence[tuple[str | None, bool]]) -> float:
    count = Counter(answer for answer, _ in votes if answer is not None)
    if not count:
        return 0.0
    most = max(count.values())
    right = Counter(answer for answer, correct in votes if correct)
    shares = [right[answer] / most for answer, number in count.items() if number == most]
    return sum(shares) / len(shares)


def mcnemar_exact(gained: int, lost: int) -> float:
    """Two-sided p-value of McNemar's exact test: under "no difference" each changed problem is a fair coin.

    min(1, 2 P[Binomial(gained + lost, 1/2) <= min(gained, lost)])   (McNemar, 1947; the sign test)
    """
    changed = gained + lost
    tail, ways = 0, 1  # ways: C(changed, i), as whole numbers
    for i in range(min(gained, lost) + 1):
        tail += ways
        ways = ways * (changed - i) // (i + 1)
    return min(1.0, 2 * tail / (1 << changed))


def paired_interval(gained: int, lost: int, n: int) -> Interval:
    """95% interval of the difference of two paired proportions, (gained - lost) / n: Tango's score interval.

    {D : (gained - lost - n D)^2 <= z^2 n (2 q + D (1 - D))}, q the maximum likelihood estimate of the probability of
    `lost` under difference D (Tango, Statistics in Medicine 17, 1998). The paired sibling of Wilson's: with
    no change at all it is +- z^2 / (n + z^2), not 0. It inverts the asymptotic score test, so close to p = 0.05 it can
    shut 0 out while the exact test, which is more cautious, stays above.
    """

    def excess(difference: float) -> float:
        b = (2 * n - gained + lost) * difference - gained - lost
        c = -lost * difference * (1 - difference)
        q = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
        variance = n * (2 * q + difference * (1 - difference))
        return (gained - lost - n * difference) ** 2 - Z95**2 * variance

    def edge(outside: float) -> float:
        inside = (gained - lost) / n
        for _ in range(60):  # bisection down to the last bit
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if excess(middle) > 0 else (middle, outside)
        return inside

    return edge(-1.0), edge(1.0)


def paired_passes(before: Mapping[str, bool], after: Mapping[str, bool]) -> PairedDifference:
    """Difference of two pass rates with one outcome per problem id: Tango's interval, McNemar's exact p-value.

    Problems that only one side has are left out. Raises DataError where there is no common one.
    """
    common = _common(before, after)
    gained = sum(after[i] and not before[i] for i in common)
    lost = sum(before[i] and not after[i] for i in common)
    n = len(common)
    low, high = paired_interval(gained, lost, n)
    return PairedDifference(value=(gained - lost) / n, low=low, high=high, p=mcnemar_exact(gained, lost), n=n)


def paired_means(before: Mapping[str, float], after: Mapping[str, float]) -> PairedDifference:
    """Difference of two means in [0, 1] with one mean per problem id: paired t over problems (Miller, 2024).

    value +- t_{n-1} SE, SE = std(differences, ddof=1) / sqrt(n). Where all differences are equal (nothing changed, or
    a single problem) the t-test would claim certainty; then their signs are treated as `paired_passes` does, scaled
    to the common difference. Problems that only one side has are left out; DataError where there is no common one.
    """
    common = _common(before, after)
    n = len(common)
    differences = np.array([after[i] - before[i] for i in common])
    value = float(differences.mean())
    se = float(differences.std(ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    if se < 1e-12:
        value = 0.0 if abs(value) < 1e-12 else value
        gained, lost = (n if value > 0 else 0), (n if value < 0 else 0)
        scale = abs(value) or 1.0
        low, high = (scale * end for end in paired_interval(gained, lost, n))
        return PairedDifference(value=value, low=low, high=high, p=mcnemar_exact(gained, lost), n=n)
    from scipy.special import stdtr  # type: ignore[import-untyped, unused-ignore]

    half = _t_quantile(n - 1) * se
    p = 2 * float(stdtr(n - 1, -abs(value) / se))
    return PairedDifference(value=value, low=max(-1.0, value - half), high=min(1.0, value + half), p=p, n=n)


def _common(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    common = [key for key in before if key in after]
    if not common:
        raise DataError(
            f"The two evaluations have no problem in common ({len(before)} problems before, e.g. "
            f"{next(iter(before), None)!r}; {len(after)} after, e.g. {next(iter(after), None)!r}); "
            "compare evaluations of one task, split and config."
        )
    return common


def _t_quantile(df: int) -> float:
    from scipy.special import stdtrit  # type: ignore[import-untyped, unused-ignore]  # slow to import, rarely needed

    return float(stdtrit(df, 0.975))


def passed(record: Record) -> bool:
    return bool(record["status"] == Status.CORRECT)


def truncated(record: Record) -> bool:
    return bool(record.get("finish_reason") == "length")


def summarize(records: Iterable[Record], ks: Iterable[int] | None = None) -> EvalSummary:
    """The numbers of one evaluation, from the lines of eval/step-XXXXXX.jsonl (optionally with `answer`, `tokens`).

    Statuses that the policy did not cause are counted and left out. pass@k and maj@k, for `ks` or k = 1, 2, 4, ...,
    take the problems that have at least k sampled answers left; a k above `samples` is left out. maj@k needs `answer`.
    """
    every = list(records)
    counted = _counted(every)
    by_mode = {mode: _of_mode(counted, mode) for mode in ("greedy", "sampled")}
    greedy, sampled = (_rate(rows) for rows in by_mode.values())
    finished_records = [record for record in by_mode["greedy"] if not truncated(record)]
    finished = _rate(finished_records)
    problems = list(_by_problem(by_mode["sampled"]).values())
    counts = sorted(map(len, problems))
    samples = counts[len(counts) // 2] if counts else 0
    chosen = sorted({k for k in ks if 1 <= k <= samples}) if ks else [2**i for i in range(samples.bit_length())]
    voting = any("answer" in record for record in by_mode["sampled"])
    tags: dict[str, list[Record]] = {}
    for record in counted:
        for tag in record.get("tags") or ():
            tags.setdefault(str(tag), []).append(record)
    return EvalSummary(
        n=len(_by_problem(counted)),
        samples=samples,
        excluded=len(every) - len(counted),
        greedy=_value(greedy),
        greedy_interval=_interval(greedy),
        sampled=_value(sampled),
        sampled_interval=_interval(sampled),
        greedy_score=_mean(record.get("score") for record in by_mode["greedy"]),
        sampled_score=_mean(record.get("score") for record in by_mode["sampled"]),
        greedy_finished=_value(finished),
        greedy_finished_interval=_interval(finished),
        greedy_finished_n=len(_by_problem(finished_records)),
        pass_at_k=_per_k(problems, chosen, _mean_pass_at_k),
        maj_at_k=_per_k(problems, chosen, _mean_maj_at_k) if voting else {},
        verdicts={mode: _verdicts(rows) for mode in by_mode if (rows := _of_mode(every, mode))},
        truncated={m: sum(map(truncated, rows)) / len(rows) for m, rows in by_mode.items() if rows},
        length={m: lengths for m, rows in by_mode.items() if (lengths := _lengths(rows))},
        tags={tag: _tag_row(tags[tag]) for tag in sorted(tags)},
    )


def compare(before_records: Iterable[Record], after_records: Iterable[Record]) -> dict[str, Any]:
    """Paired difference after - before of the greedy pass rate: {"value", "low", "high", "p", "n"}, n matched problems.

    `unmatched` counts problems with a greedy answer on one side only. `finished` is the same on the problems whose
    answers were truncated in neither (a model that only learns to stop in time gains nothing there), `sampled` that of
    the sampled pass rate; each None where no problem has it. Raises DataError where no greedy answers match.
    """
    before, after = _counted(before_records), _counted(after_records)
    first, second = _greedy(before), _greedy(after)
    both = first.keys() & second.keys()
    finished = {i for i in both if not (truncated(first[i]) or truncated(second[i]))}
    sampled = _sampled_means(before), _sampled_means(after)
    return paired_passes(_passes(first), _passes(second)).as_dict() | {
        "unmatched": len(first.keys() ^ second.keys()),
        "finished": paired_passes(_passes(first, finished), _passes(second, finished)).as_dict() if finished else None,
        "sampled": paired_means(*sampled).as_dict() if sampled[0].keys() & sampled[1].keys() else None,
    }


def _counted(records: Iterable[Record]) -> list[Record]:
    """Without those that the policy is not to blame for."""
    return [record for record in records if Status(record["status"]).caused_by_policy]


def _of_mode(records: Iterable[Record], mode: str) -> list[Record]:
    return [record for record in records if record["mode"] == mode]


def _by_problem(records: Iterable[Record]) -> dict[str, list[Record]]:
    problems: dict[str, list[Record]] = {}
    for record in records:
        problems.setdefault(str(record["problem_id"]), []).append(record)
    return problems


def _greedy(records: Sequence[Record]) -> dict[str, Record]:
    problems = _by_problem(_of_mode(records, "greedy"))
    for problem, rows in problems.items():
        if len(rows) > 1:
            raise DataError(f"Problem {problem!r} has {len(rows)} greedy answers in one evaluation; it must have one.")
    return {problem: rows[0] for problem, rows in problems.items()}


def _passes(records: Mapping[str, Record], only: Container[str] | None = None) -> dict[str, bool]:
    return {problem: passed(record) for problem, record in records.items() if only is None or problem in only}


def _sampled_means(records: Sequence[Record]) -> dict[str, float]:
    problems = _by_problem(_of_mode(records, "sampled"))
    return {problem: sum(map(passed, rows)) / len(rows) for problem, rows in problems.items()}


def _rate(records: Sequence[Record]) -> Estimate | None:
    if not records:
        return None
    return mean_interval([float(passed(record)) for record in records], [str(r["problem_id"]) for r in records])


def _value(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate.value


def _interval(estimate: Estimate | None) -> Interval | None:
    return None if estimate is None else (estimate.low, estimate.high)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _verdicts(records: Sequence[Record]) -> dict[str, int]:
    return dict(Counter(str(record["status"]) for record in records).most_common())


def _lengths(records: Sequence[Record]) -> dict[str, float]:
    tokens: NDArray[np.float64] = np.array([r["tokens"] for r in records if r.get("tokens") is not None], dtype=float)
    if not len(tokens):
        return {}
    return {"mean": float(tokens.mean()), "median": float(np.median(tokens)), "max": float(tokens.max())}


def _tag_row(records: Sequence[Record]) -> dict[str, Any]:
    greedy, sampled = (_rate(_of_mode(records, mode)) for mode in ("greedy", "sampled"))
    return {
        "n": len(_by_problem(records)),
        "greedy": _value(greedy),
        "greedy_interval": _interval(greedy),
        "sampled": _value(sampled),
        "sampled_interval": _interval(sampled),
    }


def _per_k(
    problems: Sequence[Sequence[Record]],
    ks: Iterable[int],
    estimate: Callable[[Sequence[Sequence[Record]], int], float],
) -> dict[int, float]:
    return {k: estimate([rows for rows in problems if len(rows) >= k], k) for k in ks}


def _mean_pass_at_k(problems: Sequence[Sequence[Record]], k: int) -> float:
    return float(np.mean([pass_at_k(len(rows), sum(map(passed, rows)), k) for rows in problems]))


def _mean_maj_at_k(problems: Sequence[Sequence[Record]], k: int) -> float:
    answers = [[None if (a := r.get("answer")) is None else str(a) for r in rows] for rows in problems]
    return maj_at_k(answers, [[passed(r) for r in rows] for rows in problems], k)
