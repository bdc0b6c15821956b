"""report.html: a run, or several laid over each other, on one page that opens offline and prints.

A run folder may be partial (still going, or killed in the middle of a line): whatever is there is shown, and the page
says what is missing. Texts in it come from a model and are hostile until proven otherwise: the template escapes all of
them, and the page's content security policy lets it load and run nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from verirl.charts import charts
from verirl.errors import DataError, RunError
from verirl.format import duration, interval, is_finite, p_value, percent, points
from verirl.stats import EvalSummary, compare, passed, summarize
from verirl.types import Status

Row = dict[str, Any]

SAMPLE_CHARACTERS = 1500  # of a response that is shown
SAMPLES = 3  # best ones, worst ones
CHANGED = 6  # problems in each direction


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    step: int
    records: list[Row]

    @cached_property
    def summary(self) -> EvalSummary:
        return summarize(self.records)


@dataclass(kw_only=True)
class Run:
    """What could be read of a run folder. `missing` says in plain sentences what could not."""

    name: str
    config_text: str = ""
    config: Row = field(default_factory=dict)
    env: Row = field(default_factory=dict)
    summary: Row = field(default_factory=dict)
    metrics: list[Row] = field(default_factory=list)  # sorted by step, one row a step
    rollouts: list[Row] = field(default_factory=list)  # of the last step that has any
    warnings: list[Row] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)  # sorted by step
    missing: list[str] = field(default_factory=list)
    started: str = ""

    def series(self, name: str) -> tuple[list[int], list[float]]:
        """Steps and values of one metric, where it has a finite number."""
        points = [(row["step"], float(row[name])) for row in self.metrics if is_finite(row.get(name))]
        return [step for step, _ in points], [value for _, value in points]

    def setting(self, section: str, key: str) -> str:
        return str(_table(self.config.get(section)).get(key, "unknown"))

    @property
    def first(self) -> Evaluation | None:
        return self.evaluations[0] if self.evaluations else None

    @property
    def last(self) -> Evaluation | None:
        return self.evaluations[-1] if len(self.evaluations) > 1 else None

    @cached_property
    def sides(self) -> list[tuple[str, Row]]:
        """("before", numbers) and ("after", numbers): of the evaluations, or of summary.json where there are none."""
        if self.evaluations:
            ends = zip(("before", "after"), (self.first, self.last), strict=True)
            return [(f"{word} (step {e.step})", e.summary.as_dict()) if e else (word, {}) for word, e in ends]
        return [(word, _table(self.summary.get(word))) for word in ("before", "after")]

    @property
    def env_text(self) -> str:
        return json.dumps(self.env, indent=2, ensure_ascii=False)

    def has_status(self, status: Status) -> bool:
        """Whether a held-out answer of the first or the last evaluation has it."""
        return any(status in counts for _, side in self.sides for counts in _table(side.get("verdicts")).values())

    @cached_property
    def difference(self) -> Row:
        """What `compare` gives; empty where there is nothing to compare."""
        if self.first is None:
            return _table(self.summary.get("difference"))
        try:
            return compare(self.first.records, self.last.records) if self.last else {}
        except DataError:
            return {}


def write_report(run_dir: Path, *others: Path) -> Path:
    """Writes `report.html` into `run_dir`, with `others` laid over it, and returns its path.

    Raises RunError where a folder is not a run's, or where the report cannot be written.
    """
    import jinja2
    from markupsafe import Markup

    paths = [run_dir, *others]
    names = _names(paths)
    runs = [read_run(path, name) for path, name in zip(paths, names, strict=True)]
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        percent=percent, interval=interval, points=points, p=p_value, clip=clip, duration=duration
    )
    template = environment.from_string(resources.files("verirl").joinpath("report.html.j2").read_text(encoding="utf-8"))
    html = template.render(
        run=runs[0],
        runs=runs,
        charts=[(chart, Markup(chart.svg)) for chart in charts(runs)],
        samples=_best_and_worst(runs[0].rollouts),
        changed=_changed(runs[0]),
        changed_shown=CHANGED,
        statuses=list(Status),
    )
    path = run_dir / "report.html"
    try:
        path.write_text(html, encoding="utf-8", errors="replace")  # JSON may hold half a surrogate pair
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror}).") from None
    return path


# -- reading ---------------------------------------------------------------------------------------------------------


def read_run(path: Path, name: str = "") -> Run:
    """Reads what there is of a run folder. Raises RunError where it is none."""
    if not path.is_dir():
        raise RunError(f"{path}: no such run folder.")
    parts = ("config.toml", "metrics.jsonl", "rollouts", "eval", "summary.json")
    if not any((path / part).exists() for part in parts):
        raise RunError(f"{path}: not a run folder (none of {', '.join(parts)} in it).")
    run = Run(name=name or path.resolve().name)
    _read_config(run, path / "config.toml")
    run.env = _read_object(run, path / "env.json", "no record of the environment")
    run.summary = _read_object(run, path / "summary.json", "the run is still going or was stopped")
    rows = {row["step"]: row for row in _lines(run, path / "metrics.jsonl") if isinstance(row.get("step"), int)}
    run.metrics = [rows[step] for step in sorted(rows)]  # a resumed run repeats steps: its last word counts
    run.warnings = [row for row in _lines(run, path / "warnings.jsonl") if {"step", "text"} <= row.keys()]
    for step, file in _step_files(path / "eval"):
        records = [row for row in _lines(run, file) if _is_record(row)]
        if records:
            run.evaluations.append(Evaluation(step=step, records=records))
    for _, file in reversed(_step_files(path / "rollouts")):
        run.rollouts = [row for row in _lines(run, file) if "text" in row and "status" in row]
        if run.rollouts:
            break
    _note_gaps(run)
    stamp = next((run.env[key] for key in ("time", "date", "started") if isinstance(run.env.get(key), str)), None)
    oldest = min(file.stat().st_mtime for part in parts if (file := path / part).exists())
    run.started = stamp or datetime.fromtimestamp(oldest).strftime("%Y-%m-%d %H:%M")
    return run


def _note_gaps(run: Run) -> None:
    if not run.metrics:
        run.missing.append("No training metrics: no charts of training.")
    if not run.evaluations:
        run.missing.append("No evaluations: no held-out pass rates.")
    elif run.last is None:
        run.missing.append("Only one evaluation: nothing to compare it with.")
    elif not run.difference:
        run.missing.append("The first and the last evaluation share no problem with one greedy answer: no difference.")
    if not run.rollouts and run.series("pass_rate")[0]:
        run.missing.append("No rollouts: no training samples.")
    planned = run.config.get("steps")
    done = run.metrics[-1]["step"] if run.metrics else 0
    if isinstance(planned, int) and not run.summary and run.metrics:
        run.missing.append(f"The last step on record is {done}, of {planned} planned.")


def _read_config(run: Run, path: Path) -> None:
    import tomllib

    try:
        run.config_text = path.read_text(encoding="utf-8", errors="replace")
        run.config = tomllib.loads(run.config_text)
    except (OSError, tomllib.TOMLDecodeError):
        run.missing.append("config.toml is missing or unreadable.")


def _read_object(run: Run, path: Path, consequence: str) -> Row:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        value = None
    if not isinstance(value, dict):
        run.missing.append(f"{path.name} is missing or unreadable: {consequence}.")
        return {}
    return value


def _lines(run: Run, path: Path) -> list[Row]:
    """The JSON objects in a file, a line each. A killed run leaves half a line at the end."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    rows, unreadable = [], 0
    for line in filter(str.strip, text.split("\n")):  # not splitlines: U+2028 may stand inside a JSON string
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if isinstance(value, dict):
            rows.append(value)
        else:
            unreadable += 1
    if unreadable:
        run.missing.append(f"{path.parent.name}/{path.name}: {unreadable} unreadable line(s) left out.")
    return rows


def _step_files(folder: Path) -> list[tuple[int, Path]]:
    files = ((re.fullmatch(r"step-(\d+)\.jsonl", path.name), path) for path in folder.glob("step-*.jsonl"))
    return sorted((int(match[1]), path) for match, path in files if match)


def _is_record(row: Row) -> bool:
    return "problem_id" in row and row.get("mode") in ("greedy", "sampled") and str(row.get("status")) in set(Status)


def _table(value: Any) -> Row:
    return value if isinstance(value, dict) else {}


def _names(paths: Sequence[Path]) -> list[str]:
    """Folder names, with the parent's where two are the same."""
    resolved = [path.resolve() for path in paths]
    short = [path.name for path in resolved]
    return [f"{p.parent.name}/{p.name}" if short.count(p.name) > 1 else p.name for p in resolved]


# -- samples ---------------------------------------------------------------------------------------------------------


def _best_and_worst(rollouts: Sequence[Row]) -> dict[str, list[Row]]:
    """By reward, one sample per problem, none twice."""
    scored = sorted((row for row in rollouts if is_finite(row.get("reward"))), key=lambda row: -row["reward"])

    def distinct(rows: Sequence[Row]) -> list[Row]:
        first: dict[str, Row] = {}
        for row in rows:
            first.setdefault(str(row.get("problem_id")), row)
        return list(first.values())[:SAMPLES]

    best = distinct(scored)
    return {"Best": best, "Worst": distinct([row for row in reversed(scored) if row not in best])}


def _changed(run: Run) -> dict[str, list[tuple[Row, Row]]]:
    """Problems whose greedy answer went from not passing to passing between first and last evaluation, and back."""
    if not run.difference or run.first is None or run.last is None:
        return {}
    sides = [
        {str(row["problem_id"]): row for row in side.records if row["mode"] == "greedy"}
        for side in (run.first, run.last)
    ]
    pairs = [(row, sides[1][problem]) for problem, row in sides[0].items() if problem in sides[1]]
    blameless = [pair for pair in pairs if all(Status(row["status"]).caused_by_policy for row in pair)]
    return {
        "Gained": [pair for pair in blameless if passed(pair[1]) and not passed(pair[0])],
        "Lost": [pair for pair in blameless if passed(pair[0]) and not passed(pair[1])],
    }


def clip(text: Any) -> str:
    """A response as it is shown: cut to a sensible length, control characters made visible."""
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "\ufffd", str(text))
    extra = len(text) - SAMPLE_CHARACTERS
    return text if extra <= 0 else f"{text[:SAMPLE_CHARACTERS]}\n… ({extra} more characters)"
