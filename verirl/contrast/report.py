"""report.html and summary.json of a contrast: what was trained, the curves that part, the samples that did it.

The page opens offline, prints, and runs nothing. Texts in it come from a model that was paid to please a reward, and are
hostile until proven otherwise: the template escapes all of them, and the content security policy forbids the rest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from verirl.contrast.analysis import analyse, arm_lines
from verirl.contrast.figures import figures
from verirl.contrast.finding import finding, limits
from verirl.contrast.plan import Plan
from verirl.errors import DataError, RunError
from verirl.format import duration, is_finite
from verirl.report import clip
from verirl.runlog import write_atomically
from verirl.types import Status

Row = dict[str, Any]

SAMPLES = 4  # of an arm that are shown, from different seeds where there are enough
RULES = {
    "never": "never (the end)",
    "entropy_floor": "entropy under a quarter of its start",
    "length_drift": "length beyond 2/3 or 3/2 of its start",
    "proxy_plateau": "reward no longer rises",
    "spread_collapse": "spread within a group under a fifth",
}


def write_contrast_report(plan: Plan, failures: Sequence[str]) -> Path:
    """Writes summary.json and report.html into the contrast's folder, and returns the page's path.

    `failures` says in a sentence each which parts failed. Raises RunError where the files cannot be written.
    """
    import jinja2
    from markupsafe import Markup

    analysis = analyse(plan)
    analysis["failures"] = [str(failure) for failure in failures]
    analysis["finding"] = finding(analysis)
    write_atomically(plan.folder / "summary.json", json.dumps(analysis, indent=1) + "\n")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        clip=clip, rate=_rate, number=_number, points=_points, count=_count, seconds=_seconds, rule=_rule
    )
    template = environment.from_string(
        resources.files("verirl.contrast").joinpath("report.html.j2").read_text(encoding="utf-8")
    )
    arms = {arm["name"]: arm for arm in analysis["arms"]}
    html = template.render(
        a=analysis,
        config=plan.config,
        setup={arm.name: _described(plan, arm.name) for arm in plan.arms},
        figures={name: (chart, Markup(chart.svg)) for name, chart in figures(analysis).items()},
        complete=[arm for arm in analysis["arms"] if arm["complete"]],
        learned=[arm for arm in analysis["arms"] if arm["complete"] and arm["reward"] == "learned"],
        samples=[(name, arms[name], rows) for name, rows in hacked_samples(plan, analysis).items()],
        correct=Status.CORRECT.value,
        limits=limits(plan, analysis),
    )
    path = plan.folder / "report.html"
    try:
        path.write_text(html, encoding="utf-8", errors="replace")  # JSON may hold half a surrogate pair
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror}).") from None
    return path


def hacked_samples(plan: Plan, analysis: Row) -> dict[str, list[Row]]:
    """By learned arm, the headline first: wrong answers of the last evaluation that the reward likes best.

    Scores of different seeds' reward models do not compare: the best of each seed come first, then the second ones. A
    text is shown once an arm. `above` says whether it stands above the plain right answer (None: not known).
    """
    chosen = [name for name in (analysis["roles"]["headline"], analysis["roles"]["vibe"]) if name]
    learned = [arm["name"] for arm in analysis["arms"] if arm["reward"] == "learned" and arm["seeds"]]
    found: dict[str, list[Row]] = {}
    for name in sorted(learned, key=lambda each: chosen.index(each) if each in chosen else len(chosen)):
        queues = []
        for seed in analysis["seeds"]:
            try:
                last = (arm_lines(plan, seed, plan.arm(name)) or [{}])[-1]
            except DataError:
                continue  # the page says so already: analyse() has read the same file
            samples = last.get("samples")
            rows = [row for row in samples if isinstance(row, dict)] if isinstance(samples, list) else []
            above = last.get("hacked")
            wrong = [
                row | {"seed": seed, "step": last["step"], "above": None if above is None else above > 0}
                for row in rows
                if _is_wrong(row)
            ]
            queues.append(wrong)
        shown: dict[str, Row] = {}
        for rank in range(max(map(len, queues), default=0)):
            for queue in queues:
                if rank < len(queue) and len(shown) < SAMPLES:
                    shown.setdefault(str(queue[rank]["text"]), queue[rank])
        found[name] = list(shown.values())
    return found


def contrast_table(analysis: Row) -> Table:
    """One row an arm, for a terminal of 80 columns: medians over the complete seeds, with the lowest and the highest below."""
    title = "Held-out pass rate, sampled: median over seeds, lowest-highest below"
    table = Table(title=title, box=box.SIMPLE, pad_edge=False, collapse_padding=True)
    table.add_column("arm", overflow="fold", min_width=14)
    for column in ("start", "peak", "end", "proxy", "sqrt(KL)", "hacked", "labels", "parted"):
        table.add_column(column, justify="right", no_wrap=True)
    for arm in analysis["arms"]:
        summary = arm["summary"]
        cells = [_stacked(_rate(summary["pass_rate"][when])) for when in ("start", "peak", "end")]
        cells += [_stacked(_cell(each, "{:.1f}".format)) for each in (summary["proxy"]["end"], summary["sqrt_kl"])]
        cells += [_stacked(_rate(summary["hacked"]["end"])), _count(summary["labels"])[0]]
        table.add_row(arm["name"], *cells, f"{arm['diverged']}/{arm['complete']}" if arm["complete"] else "–")
    table.caption = "parted: seeds in which the truth fell while the proxy still rose"
    return table


def _stacked(cell: tuple[str, str]) -> str:
    middle, range_ = cell
    return f"{middle}\n{range_.replace('%', '').replace(' to ', '–')}" if range_ else middle


def _is_wrong(row: Row) -> bool:
    return "text" in row and row.get("status") != Status.CORRECT.value


def _described(plan: Plan, name: str) -> str:
    """An arm's reward in a line."""
    arm = plan.arm(name)
    rater = f"the {arm.rater} rater"
    if arm.rater in plan.config.contrast.raters and plan.rater(arm.rater).kind == "jsonl":
        rater = f"people ({arm.rater})"
    pairs = plan.config.preferences.pairs
    parts = {
        "verifier": "the task's own check",
        "rater": f"the utility that {rater} judges by, itself",
        "learned": f"a reward model of {rater}, {arm.labels * pairs:,.0f} pairs",
        "length": "the number of tokens (a control)",
        "random": "a coin (a control)",
    }[arm.reward]
    more = []
    if arm.members > 1:
        how = {"mean": "mean", "min": "lowest", "lower": "mean less a deviation"}
        of = "one model of their averaged weights" if arm.combine == "average" else f"{how[arm.combine]} score"
        more.append(f"{arm.members} of them, {of}")
    if arm.rounds:
        more.append(f"trained again {arm.rounds} times on the policy's own samples")
    if arm.kl_coef or plan.config.loss.kl_coef:
        more.append(f"KL penalty {arm.kl_coef or plan.config.loss.kl_coef:g}")
    if arm.flip_rate:
        more.append(f"{100 * arm.flip_rate:g}% of verdicts turned round")
    return ", ".join([parts, *more])


# -- cells of a table: what is in it, and what stands small below ------------------------------------------------------


def _rate(summary: Row | None) -> tuple[str, str]:
    return _cell(summary, lambda value: f"{100 * value:.0f}%")


def _points(summary: Row | None) -> tuple[str, str]:
    """A difference of rates, in percentage points."""
    return _cell(summary, lambda value: f"{100 * value:.0f}")


def _number(summary: Row | None) -> tuple[str, str]:
    return _cell(summary, lambda value: f"{value:.2f}".replace("-0.00", "0.00"))


def _count(summary: Row | None) -> tuple[str, str]:
    return _cell(summary, lambda value: f"{value:,.0f}")


def _seconds(summary: Row | None) -> tuple[str, str]:
    return _cell(summary, duration)


def _cell(summary: Row | None, shown: Any) -> tuple[str, str]:
    if summary is None or not is_finite(summary["median"]):
        return "–", ""
    middle, low, high = (shown(summary[key]) for key in ("median", "low", "high"))
    return middle, "" if low == high else f"{low} to {high}"


def _rule(name: str) -> str:
    if name.startswith("kl_budget "):
        return f"KL over {name.removeprefix('kl_budget ')} nats"
    return RULES.get(name, name.replace("_", " "))
