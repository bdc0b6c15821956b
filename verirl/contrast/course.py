"""One run of a contrast, an arm's of one seed: its curves, and what became of it; and how seeds are summed up."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from verirl.contrast.plan import Plan
from verirl.contrast_config import ArmConfig
from verirl.format import is_finite
from verirl.overoptimization import divergence_point, judge_rules, peak_and_end

Row = dict[str, Any]

Z95 = 1.96
UNKNOWN_MARGIN = 0.05  # of a pass rate, where no standard error is on record
OUTCOMES = ("below its start", "back from its peak", "unchanged", "above its start")
CURVES = ("pass_rate", "greedy", "utility")


def over_seeds(values: Iterable[Any]) -> Row | None:
    """Median, lowest, highest and number of the values that are known; None where none is."""
    known = [float(value) for value in values if is_finite(value)]
    if not known:
        return None
    return {"median": median(known), "low": min(known), "high": max(known), "n": len(known)}


def course_of(plan: Plan, arm: ArmConfig, seed: int, lines: Sequence[Row]) -> Row:
    """One run: its curves ("proxy" joined over rounds, see `joined_proxy`), and what became of it."""
    curve: Row = {name: [_number(line, name) for line in lines] for name in CURVES}
    curve |= {
        "step": [line["step"] for line in lines],
        "proxy": joined_proxy(lines),
        "sqrt_kl": [None if (kl := _number(line, "kl")) is None else math.sqrt(max(0.0, kl)) for line in lines],
        "round": [line.get("round") or 0 for line in lines],
    }
    first, last = lines[0], lines[-1]
    passes = _course(curve["step"], curve["pass_rate"])
    cost = read_object(plan.arm_folder(seed, arm) / "arm.json")
    hacks = {
        name: {"start": _number(_table(first.get("hacks")), name), "end": _number(_table(last.get("hacks")), name)}
        for name in _table(last.get("hacks"))
    }
    return {
        "seed": seed,
        "complete": last["step"] >= plan.config.steps and passes["end"] is not None,
        "last_step": last["step"],
        "pass_rate": passes,
        "greedy": _course(curve["step"], curve["greedy"]),
        "proxy": {"start": _number(first, "proxy"), "end": _number(last, "proxy"), "rose": _rose(curve["proxy"])},
        "utility": _course(curve["step"], curve["utility"]),
        "sqrt_kl": curve["sqrt_kl"][-1],
        "hacked": {"start": _number(first, "hacked"), "end": _number(last, "hacked")},
        "length": {"start": _number(first, "length"), "end": _number(last, "length")},
        "first": {"start": _table(first.get("first")), "end": _table(last.get("first"))},
        "unscored": sum(line.get("unscored") or 0 for line in lines),
        "outcome": _outcome(passes, lines),
        "divergence": _divergence(curve, lines),
        "labels": _number(cost, "labels"),
        "reward_model_seconds": _number(cost, "reward_model_seconds"),
        "hacks": hacks,
        "probes": {"start": _table(first.get("probes")), "end": _table(last.get("probes"))},
        "on_policy": {"start": _table(first.get("on_policy")), "end": _table(last.get("on_policy"))},
        "rules": [asdict(rule) for rule in judge_rules(_judged(lines, curve))],
        "curve": curve,
    }


def joined_proxy(lines: Sequence[Row]) -> list[float | None]:
    """The proxy along training. Scores of a reward model that was trained again do not compare with those before, so
    that the pieces are joined: from the last value of one to the first of the next the curve stands still."""
    joined: list[float | None] = []
    shift = 0.0
    last: float | None = None
    number = None
    for line in lines:
        value = _number(line, "proxy")
        if value is not None:
            if last is not None and line.get("round") != number:
                shift = last - value
            number = line.get("round")
            last = value + shift
            value = last
        joined.append(value)
    return joined


def _judged(lines: Sequence[Row], curve: Row) -> list[Row]:
    """What a rule may look at: the lines, with the joined proxy."""
    return [line | {"proxy": proxy} for line, proxy in zip(lines, curve["proxy"], strict=True)]


def _course(steps: Sequence[int], values: Sequence[float | None]) -> Row:
    """Start and end as measured. The peak is that of the average of three neighbours, since single maxima are mostly
    noise, and no less than start and end."""
    known = [(step, value) for step, value in zip(steps, values, strict=True) if value is not None]
    if not known:
        return {"start": None, "peak": None, "peak_step": None, "end": None}
    top = peak_and_end([step for step, _ in known], [value for _, value in known])
    peaks = [(top.peak, top.peak_step), (known[0][1], known[0][0]), (known[-1][1], known[-1][0])]
    peak, step = max(peaks, key=lambda each: each[0])
    return {"start": known[0][1], "peak": peak, "peak_step": step, "end": known[-1][1]}


def _outcome(passes: Row, lines: Sequence[Row]) -> str | None:
    """In a word of `OUTCOMES`, where differences count beyond 1.96 standard errors (the largest on record, of two)."""
    if passes["start"] is None:
        return None
    errors = [error for line in lines if (error := _number(line, "pass_rate_se")) is not None]
    margin = Z95 * math.sqrt(2) * max(errors) if errors else UNKNOWN_MARGIN
    below, back, unchanged, above = OUTCOMES
    if passes["end"] < passes["start"] - margin:
        return below
    if passes["peak"] - passes["end"] > margin:
        return back
    return above if passes["end"] > passes["start"] + margin else unchanged


def _divergence(curve: Row, lines: Sequence[Row]) -> Row | None:
    errors = [_number(line, "pass_rate_se") for line in lines]
    rows = zip(curve["step"], curve["sqrt_kl"], curve["pass_rate"], errors, curve["proxy"], strict=True)
    known = [row for row in rows if None not in row]
    if len(known) < 2:
        return None
    steps, d, truth, error, proxy = zip(*known, strict=True)
    place = divergence_point(d, truth, error, proxy)
    return None if place is None else {"step": steps[place], "sqrt_kl": d[place], "pass_rate": truth[place]}


def _rose(values: Sequence[float | None]) -> bool | None:
    known = [value for value in values if value is not None]
    return known[-1] > known[0] if len(known) > 1 else None


def gains(row: Row) -> list[tuple[float, float]]:
    """(sqrt(KL), gain in pass rate) of a run."""
    start = row["pass_rate"]["start"]
    points = zip(row["curve"]["sqrt_kl"], row["curve"]["pass_rate"], strict=True)
    return [(d, value - start) for d, value in points if d is not None and value is not None]


def retrained_at(curve: Row) -> list[int]:
    """Steps after which the reward model was trained again."""
    pairs = zip(pairwise(curve["round"]), curve["step"], strict=False)
    return [step for (before, after), step in pairs if after != before]


def _number(row: Mapping[str, Any], name: str) -> float | None:
    value = row.get(name)
    return float(value) if is_finite(value) and value is not None else None


def _table(value: Any) -> Row:
    return value if isinstance(value, dict) else {}


def read_object(path: Path) -> Row:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
