"""The tables that verbs end with, for a terminal of 80 columns.

A cell that may hold what others wrote is printed as it is: the console that prints these has markup switched off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from verirl.format import duration, interval, p_value, percent, points

if TYPE_CHECKING:
    from verirl.check import Row


def summary_table(summary: Mapping[str, Any]) -> Table:
    """The headline of summary.json as a table for the terminal; what is missing in it shows as a dash."""
    before, after = summary.get("before") or {}, summary.get("after") or {}
    difference = summary.get("difference") or {}
    table = Table(title="Pass rate on held-out problems, 95% intervals below")
    table.add_column("answers")
    for column in ("before", "after", "difference", "p"):
        table.add_column(column, justify="right", no_wrap=True)
    for mode in ("greedy", "sampled"):
        cells = [_stacked(side.get(mode), side.get(f"{mode}_interval")) for side in (before, after)]
        change = difference if mode == "greedy" else difference.get("sampled") or {}
        moved = Text(points(change.get("value")))
        if "low" in change and "high" in change:
            moved.append(f"\n{points(change['low'])} to {points(change['high'])}", "dim")
        table.add_row(mode, *cells, moved, p_value(change.get("p")))
    table.add_row("problems", *(str(side.get("n", "–")) for side in (before, after)), "", "")
    seconds, peak = summary.get("seconds"), summary.get("peak_rss_gib")
    cost = ([f"{duration(seconds)}"] if seconds is not None else []) + (
        [f"peak memory {peak:.1f} GiB"] if peak is not None else []
    )
    table.caption = ", ".join(cost) or None
    return table


def _stacked(value: float | None, bounds: Sequence[float] | None) -> Text:
    text = Text(percent(value))
    return text if bounds is None else text.append(f"\n{interval(bounds)}", "dim")


def _rate(value: float | None, bounds: Sequence[float] | None = None) -> Text:
    text = Text(percent(value), no_wrap=True)
    return text if value is None or bounds is None else text.append(f"  ({interval(bounds)})", "dim")


def two_columns(title: str, values: dict[str, Any]) -> Table:
    table = Table(title=title, show_header=False)
    for key, value in values.items():
        table.add_row(key, f"{value:.4f}" if isinstance(value, float) else str(value))
    return table


def eval_tables(summary: dict[str, Any]) -> list[Table]:
    """An evaluation as people read it: rates with 95% intervals, then counts, then tags."""
    main = Table("measure", "value  (95% interval)")
    main.add_row("greedy pass rate", _rate(summary["greedy"], summary["greedy_interval"]))
    main.add_row("sampled pass rate", _rate(summary["sampled"], summary["sampled_interval"]))
    for k, value in summary["pass_at_k"].items():
        main.add_row(f"pass@{k}", _rate(value))
    for k, value in summary["maj_at_k"].items():
        main.add_row(f"maj@{k}", _rate(value))
    main.add_row(
        "greedy, answers not truncated", _rate(summary["greedy_finished"], summary["greedy_finished_interval"])
    )
    for mode, score in (("greedy", summary["greedy_score"]), ("sampled", summary["sampled_score"])):
        if score is not None:
            main.add_row(f"mean score, {mode}", f"{score:.3f}")
    for mode, share in summary["truncated"].items():
        main.add_row(f"truncated, {mode}", _rate(share))
    for mode, length in summary["length"].items():
        spread = f"mean {length['mean']:.1f}, median {length['median']:.0f}, max {length['max']:.0f}"
        main.add_row(f"tokens, {mode}", spread)
    verdicts = Table("verdict", *summary["verdicts"], title="verdicts")
    for status in sorted({status for counts in summary["verdicts"].values() for status in counts}):
        verdicts.add_row(status, *(str(counts.get(status, 0)) for counts in summary["verdicts"].values()))
    tables = [main, verdicts]
    if summary["tags"]:
        tags = Table("tag", "problems", "greedy", "sampled", title="by tag")
        for tag, row in summary["tags"].items():
            rates = [_rate(row[mode], row[f"{mode}_interval"]) for mode in ("greedy", "sampled")]
            tags.add_row(tag, str(row["n"]), *rates)
        tables.append(tags)
    return tables


def difference_table(difference: dict[str, Any]) -> Table:
    table = Table("answers", "difference  (95% interval)", "p", "problems")
    rows = [
        ("greedy", difference),
        ("greedy, truncated in neither", difference["finished"]),
        ("sampled", difference["sampled"]),
    ]
    for name, row in rows:
        if row is not None:
            moved = Text(f"{points(row['value'])} points")
            moved.append(f"  ({points(row['low'])} to {points(row['high'])})", "dim")
            table.add_row(name, moved, p_value(row["p"]), str(row["n"]))
    return table


def count_table(title: str, counts: Mapping[str, int]) -> Table:
    table = Table("status", "responses", "share", title=title)
    total = sum(counts.values())
    for status, count in sorted(counts.items(), key=lambda item: -item[1]):
        table.add_row(status, str(count), percent(count / total))
    return table


def part_table(parts: Mapping[str, Sequence[float]]) -> Table:
    """The named components of verdicts: tiers, checks, shares of a reward."""
    table = Table("part", "responses", "mean", title="parts of the verdicts")
    for name, values in sorted(parts.items(), key=lambda item: -len(item[1])):
        table.add_row(name, str(len(values)), f"{fmean(values):.3g}")
    return table


def task_tables(
    fields: Sequence[Mapping[str, Any]], splits: Mapping[str, Mapping[str, Any]], example: dict[str, Any]
) -> list[Table]:
    """A task as `task show` prints it: its config, the size of its splits, one problem."""
    options = Table("config key", "default", "meaning", title="config")
    for field in fields:
        options.add_row(field["key"], repr(field["value"]), field["meaning"])
    sizes = Table("split", "problems", "tags", title="problems")
    for split, found in splits.items():
        tags = ", ".join(f"{tag} {count}" for tag, count in list(found.get("tags", {}).items())[:8])
        sizes.add_row(split, str(found.get("problems", "–")), found.get("error", tags))
    return [options, sizes, two_columns("a problem", example)]


def check_table(task: str, rows: Sequence[Row]) -> Table:
    """A line a check; under one that failed each finding: what is wrong, where, and what to do."""
    table = Table("", "check", "", title=f"task check {task}", show_lines=False)
    for row in rows:
        mark = Text("fails", "bold red") if row.findings else Text("–") if row.skipped else Text("holds", "green")
        table.add_row(mark, row.name, Text(row.looked_at, "dim"))
        for finding in row.findings:
            told = Text(finding.what)
            if finding.problem is not None:
                told.append(f"\nproblem {finding.problem}", "cyan")
            if finding.answer is not None:
                told.append(f"\nanswer  {finding.answer[:120]!r}", "cyan")
            for line in finding.evidence.rstrip().splitlines()[-8:]:
                told.append(f"\n    {line}", "dim")
            told.append(f"\n→ {finding.advice}")
            table.add_row("", Text(finding.code, "red"), told)
    return table
