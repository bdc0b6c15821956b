"""What the arms of a contrast show, as plain JSON: the numbers of summary.json, of report.html and of the terminal.

Any part of a contrast may be missing: an arm that is still going, one that failed. What is there is analysed, and
`missing` says in plain sentences what is not. Outcomes of learned rewards are bimodal, so that seeds are summed up as a
median with the lowest and the highest, never as a mean, and every seed stands in the result with its whole curve.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from verirl.contrast.course import OUTCOMES, course_of, gains, over_seeds, read_object
from verirl.contrast.plan import Labels, Plan
from verirl.contrast_config import ArmConfig
from verirl.errors import DataError
from verirl.format import is_finite
from verirl.overoptimization import (
    best_of_n_kl,
    fit_best_of_n,
    fit_rl,
)
from verirl.runlog import read_jsonl

Row = dict[str, Any]

RIGHT = "right answer"  # the probe that the others are compared with
CONTRAST_FILE = "contrast.jsonl"
MEASURES = "measures.jsonl"


def analyse(plan: Plan) -> Row:
    """Everything that the report says in numbers; rates lie in [0, 1], KL is in nats, None stands for not known.

    "arms": in the plan's order, each with "seeds" (one object a seed that has a line on record; see `course_of`) and
    "summary" (median, low, high over the seeds that are complete). "best_of_n", "reward_models", "rules", "missing".
    """
    missing: list[str] = []
    lines = _all_lines(plan, missing)
    arms = [_arm(plan, arm, lines, missing) for arm in plan.arms]
    best = _best_of_n(plan, missing)
    for arm in arms:
        arm["best_of_n"] = _same_reward(plan.arm(arm["name"]), plan, best)
    return {
        "name": plan.folder.resolve().name,
        "steps": plan.config.steps,
        "seeds": list(plan.config.contrast.seeds),
        "wish": plan.wish,
        "utility_range": _utility_range(plan),
        "roles": roles(plan),
        "arms": arms,
        "best_of_n": best,
        "reward_models": _reward_models(plan, missing),
        "rules": {name: _rules(group) for name, group in _rule_groups(plan, arms).items()},
        "missing": missing,
    }


def roles(plan: Plan) -> dict[str, str | None]:
    """Names of the arms that the argument is about: the verifier, and plain reward models of an unbiased and of a vibe
    rater; None where the plan has no such arm."""

    def first(fits: Callable[[ArmConfig], bool]) -> str | None:
        return next((arm.name for arm in plan.arms if fits(arm)), None)

    def plain(arm: ArmConfig, kind: str) -> bool:
        one = arm.members == 1 and not arm.rounds and arm.labels == 1.0
        return arm.reward == "learned" and one and not arm.kl_coef and plan.rater(arm.rater).kind == kind

    return {
        "verifier": first(lambda arm: arm.reward == "verifier" and not arm.flip_rate and not arm.kl_coef),
        "headline": first(lambda arm: plain(arm, "verifier")),
        "vibe": first(lambda arm: plain(arm, "vibe")),
    }


# -- reading -----------------------------------------------------------------------------------------------------------


def arm_lines(plan: Plan, seed: int, arm: ArmConfig) -> list[Row]:
    """The lines of one arm's own measures.jsonl, with the samples, sorted by step."""
    rows = [row for row in _lines(plan.arm_folder(seed, arm) / MEASURES) if _is_step(row.get("step"))]
    return sorted(rows, key=lambda row: int(row["step"]))


def _lines(path: Path) -> list[Row]:
    try:
        return [row for row in read_jsonl(path) if isinstance(row, dict)]
    except (OSError, UnicodeDecodeError):
        return []


def _is_step(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _all_lines(plan: Plan, missing: list[str]) -> dict[tuple[str, int], list[Row]]:
    """By arm and seed, sorted by step, one line a step: contrast.jsonl, and what an arm still going has of its own."""
    by_step: dict[tuple[str, int], dict[int, Row]] = {}

    def take(rows: Sequence[Row]) -> None:
        for row in rows:
            if isinstance(row.get("arm"), str) and _is_step(row.get("seed")) and _is_step(row.get("step")):
                by_step.setdefault((row["arm"], row["seed"]), {})[row["step"]] = row

    sources: list[Callable[[], list[Row]]] = [lambda: _lines(plan.folder / CONTRAST_FILE)]
    for arm in plan.arms:
        for seed in plan.config.contrast.seeds:
            sources.append(partial(arm_lines, plan, seed, arm))
    for source in sources:
        try:
            take(source())
        except DataError as error:
            missing.append(str(error))
    return {key: [rows[step] for step in sorted(rows)] for key, rows in by_step.items()}


# -- arms --------------------------------------------------------------------------------------------------------------


def _arm(plan: Plan, arm: ArmConfig, lines: Mapping[tuple[str, int], list[Row]], missing: list[str]) -> Row:
    seeds = [
        course_of(plan, arm, seed, rows) for seed in plan.config.contrast.seeds if (rows := lines.get((arm.name, seed)))
    ]
    there = {row["seed"] for row in seeds}
    absent = [seed for seed in plan.config.contrast.seeds if seed not in there]
    if not seeds:
        missing.append(f"Arm {arm.name!r} has no evaluation on record.")
    elif absent:
        missing.append(f"Arm {arm.name!r} has no evaluation on record of seed {', '.join(map(str, absent))}.")
    for row in seeds:
        if not row["complete"]:
            missing.append(
                f"Arm {arm.name!r}, seed {row['seed']}: the last evaluation is of step {row['last_step']}, of "
                f"{plan.config.steps}; it is drawn, and counted in no table."
            )
    done = [row for row in seeds if row["complete"]]
    return {
        "name": arm.name,
        "reward": arm.reward,
        "rater": arm.rater if arm.reward in ("learned", "rater") else None,
        "seeds": seeds,
        "summary": _summary(done),
        "outcomes": {name: sum(row["outcome"] == name for row in done) for name in OUTCOMES},
        "complete": len(done),
        "diverged": sum(row["divergence"] is not None for row in done),
        "probes_above": _probes_above(done),
        "fit": _fit(fit_rl, [gains(row) for row in seeds]),
    }


def _probes_above(done: Sequence[Row]) -> dict[str, int]:
    """In how many runs the reward at the end puts a probe above the right answer: scores compare within a run only."""
    ends = [row["probes"]["end"] for row in done if is_finite(row["probes"]["end"].get(RIGHT))]
    names = dict.fromkeys(name for end in ends for name in end if name != RIGHT)
    return {name: sum(is_finite(end.get(name)) and end[name] > end[RIGHT] for end in ends) for name in names}


def _fit(fit: Callable[[list[list[tuple[float, float]]]], Any], curves: list[list[tuple[float, float]]]) -> Row | None:
    """None where there is too little to fit."""
    try:
        found = asdict(fit(curves))
    except ValueError:
        return None
    return {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}


def _summary(done: Sequence[Row]) -> Row:
    """Median, low and high over seeds, by what is measured and when ("pass_rate" -> "start" -> {...})."""
    nested = {
        name: {when: over_seeds(row[name][when] for row in done) for when in times}
        for name, times in {
            "pass_rate": ("start", "peak", "end"),
            "greedy": ("start", "peak", "end"),
            "utility": ("start", "peak", "end"),
            "proxy": ("start", "end"),
            "hacked": ("start", "end"),
            "length": ("start", "end"),
        }.items()
    }
    flat = {name: over_seeds(row[name] for row in done) for name in ("sqrt_kl", "labels", "reward_model_seconds")}
    deep = {
        name: {
            key: {when: over_seeds(row[name][when].get(key) for row in done) for when in ("start", "end")}
            for key in dict.fromkeys(key for row in done for key in row[name]["end"])
        }
        for name in ("probes", "on_policy", "first")
    }
    hacks = {
        kind: {when: over_seeds(row["hacks"].get(kind, {}).get(when) for row in done) for when in ("start", "end")}
        for kind in dict.fromkeys(kind for row in done for kind in row["hacks"])
    }
    at = over_seeds(row["divergence"]["sqrt_kl"] for row in done if row["divergence"])
    return {**nested, **flat, **deep, "hacks": hacks, "divergence_sqrt_kl": at}


# -- best of n, reward models, rules -----------------------------------------------------------------------------------


def _best_of_n(plan: Plan, missing: list[str]) -> Row:
    """Over the seeds, for each n: the verifier picks, and each judge by name; with the judges' curves, one a seed."""
    found = {seed: read_object(plan.seed_folder(seed) / "best-of-n.json") for seed in plan.config.contrast.seeds}
    absent = [str(seed) for seed, row in found.items() if not row.get("n")]
    if absent:
        missing.append(f"No best-of-n of seed {', '.join(absent)}.")
    there = [row for row in found.values() if row.get("n")]
    if not there:
        return {}
    ns = there[0]["n"]
    there = [row for row in there if row["n"] == ns]
    names = list(dict.fromkeys(name for row in there for name in row.get("by", {})))
    truths = {name: [row["by"][name]["truth"] for row in there if name in row.get("by", {})] for name in names}
    d = [math.sqrt(best_of_n_kl(n)) for n in ns]
    return {
        "n": ns,
        "sqrt_kl": d,
        "seeds": len(there),
        "problems": there[0].get("problems"),
        "samples": there[0].get("samples"),
        "writing": over_seeds(row.get("writing") for row in there),
        "verifier": _each_n([row.get("verifier", []) for row in there], len(ns)),
        "by": {name: _each_n(curves, len(ns)) for name, curves in truths.items()},
        "curves": truths,
        "fits": {
            name: _fit(fit_best_of_n, [[(x, y - curve[0]) for x, y in zip(d, curve, strict=False)] for curve in curves])
            for name, curves in truths.items()
        },
    }


def _each_n(curves: Sequence[Sequence[float]], count: int) -> list[Row | None]:
    return [over_seeds(curve[place] for curve in curves if len(curve) > place) for place in range(count)]


def _same_reward(arm: ArmConfig, plan: Plan, best: Row) -> str | None:
    """The judge in best-of-n whose choice is by the very reward that the arm starts with, if there is one."""
    names: tuple[str, ...] = ()
    if arm.reward == "learned" and arm.members == 1 and not arm.rounds:
        names = (Labels(rater=arm.rater, times=arm.labels).name, *((arm.rater,) if arm.labels == 1.0 else ()))
    elif arm.reward == "rater" and arm.rater == plan.wish:
        names = ("utility",)
    return next((name for name in names if name in best.get("curves", {})), None)


def _utility_range(plan: Plan) -> list[float]:
    """The lowest and the highest utility that there can be (see verirl/reward_model/raters.py)."""
    wish = plan.rater(plan.wish)
    return [-wish.style_weight, wish.correct_weight + wish.style_weight] if wish.kind == "vibe" else [0.0, 1.0]


def _reward_models(plan: Plan, missing: list[str]) -> list[Row]:
    """What the reward models of the start policy's labels are worth on held-out pairs, over the seeds."""
    rows = []
    keys = ("pairs", "asked", "ties", "seconds", "accuracy", "ece", "gap", "auc", "length_correlation")
    for labels, members in plan.reward_models.items():
        found = [
            read_object(plan.reward_model_folder(seed, labels) / "summary.json") for seed in plan.config.contrast.seeds
        ]
        there = [row for row in found if row]
        if len(there) < len(found):
            missing.append(
                f"The reward model {labels.name!r} has no summary in {len(found) - len(there)} of {len(found)} seeds."
            )
        if there:
            numbers = {key: over_seeds(row.get(key) for row in there) for key in keys}
            wanted = round(labels.times * plan.config.preferences.pairs)
            rows.append({"name": labels.name, "rater": labels.rater, "members": members, "wanted": wanted, **numbers})
    return rows


def _rule_groups(plan: Plan, arms: Sequence[Row]) -> dict[str, list[Row]]:
    """Complete runs, by the name of what they are grouped under: the arms of the argument, and all learned ones."""
    chosen = [name for role, name in roles(plan).items() if role != "verifier" and name]
    groups = {name: [name] for name in chosen}
    learned = [arm["name"] for arm in arms if arm["reward"] == "learned"]
    if set(learned) - set(chosen):
        groups["all learned rewards"] = learned
    return {
        title: runs
        for title, names in groups.items()
        if (runs := [row for arm in arms if arm["name"] in names for row in arm["seeds"] if row["complete"]])
    }


def _rules(runs: Sequence[Row]) -> list[Row]:
    names = [rule["name"] for rule in runs[0]["rules"]]
    by_name = {name: [rule for run in runs for rule in run["rules"] if rule["name"] == name] for name in names}
    return [
        {
            "name": name,
            "truth": over_seeds(rule["truth_at_stop"] for rule in rules),
            "regret": over_seeds(rule["regret"] for rule in rules),
            "step": over_seeds(rule["step"] for rule in rules),
        }
        for name, rules in by_name.items()
    ]
