"""report.html: a run, or several laid over each other, on one page that opens offline and prints.

A run folder may be partial (still going, or killed in the middle of a line): whatever is there is shown, and the page
says what is missing. Texts in it come from a model and are hostile until proven otherwise: the template escapes all of
them, and the page's content security policy lets it load and run nothing.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rich.table import Table

from verirl.errors import DataError, RunError
from verirl.stats import EvalSummary, compare, passed, summarize
from verirl.types import Status

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = dict[str, Any]

SAMPLE_CHARACTERS = 1500  # of a response that is shown
SAMPLES = 3  # best ones, worst ones
CHANGED = 6  # problems in each direction

# Okabe and Ito (2008): told apart with any kind of colour vision. Yellow is left out: it vanishes on white paper.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
VERDICT_COLOURS = {
    Status.CORRECT: "#009E73",
    Status.PARTIAL: "#56B4E9",
    Status.INCORRECT: "#D55E00",
    Status.NO_ANSWER: "#E69F00",
    Status.UNPARSEABLE: "#CC79A7",
    Status.LIMIT: "#0072B2",
    Status.TIMEOUT: "#004166",
    Status.INVALID_PROBLEM: "#999999",
    Status.INFRASTRUCTURE_ERROR: "#000000",
    Status.SCORED: "#56B4E9",
}
PHASES = {"sample": "sampling", "verify": "verifying", "learn": "learning", "load": "loading weights"}
PHASE_COLOURS = dict(zip([*PHASES.values(), "other"], (*PALETTE[:4], "#999999"), strict=True))


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
    evaluations: list[Evaluation] = field(default_factory=list)  # sorted by step
    missing: list[str] = field(default_factory=list)
    started: str = ""

    def series(self, name: str) -> tuple[list[int], list[float]]:
        """Steps and values of one metric, where it has a finite number."""
        points = [(row["step"], float(row[name])) for row in self.metrics if _is_finite(row.get(name))]
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


@dataclass(frozen=True, kw_only=True)
class Chart:
    title: str
    caption: str  # how to read it, in one line
    alt: str  # the same for those who do not see it
    svg: str


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
        percent=_percent, interval=_interval, points=_points, p=_p_value, clip=_clip, duration=_duration
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


def summary_table(summary: Mapping[str, Any]) -> Table:
    """The headline of summary.json as a table for the terminal; what is missing in it shows as a dash."""
    before, after = summary.get("before") or {}, summary.get("after") or {}
    difference = summary.get("difference") or {}
    table = Table(title="Pass rate on held-out problems, 95% intervals below")
    table.add_column("answers")
    for column in ("before", "after", "difference", "p"):
        table.add_column(column, justify="right", no_wrap=True)
    for mode in ("greedy", "sampled"):
        cells = [_rate(side.get(mode), side.get(f"{mode}_interval")) for side in (before, after)]
        change = difference if mode == "greedy" else difference.get("sampled") or {}
        points = _points(change.get("value"))
        if "low" in change and "high" in change:
            points += f"\n[dim]{_points(change['low'])} to {_points(change['high'])}[/dim]"
        table.add_row(mode, *cells, points, _p_value(change.get("p")))
    table.add_row("problems", *(str(side.get("n", "–")) for side in (before, after)), "", "")
    seconds, peak = summary.get("seconds"), summary.get("peak_rss_gib")
    cost = ([f"{_duration(seconds)}"] if seconds is not None else []) + (
        [f"peak memory {peak:.1f} GiB"] if peak is not None else []
    )
    table.caption = ", ".join(cost) or None
    return table


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


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _names(paths: Sequence[Path]) -> list[str]:
    """Folder names, with the parent's where two are the same."""
    resolved = [path.resolve() for path in paths]
    short = [path.name for path in resolved]
    return [f"{p.parent.name}/{p.name}" if short.count(p.name) > 1 else p.name for p in resolved]


# -- numbers as people read them -------------------------------------------------------------------------------------


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}%"


def _interval(interval: Sequence[float] | None) -> str:
    return "" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}"


def _rate(value: float | None, interval: Sequence[float] | None) -> str:
    return _percent(value) if interval is None else f"{_percent(value)}\n[dim]{_interval(interval)}[/dim]"


def _points(value: float | None) -> str:
    """A difference of rates, in percentage points."""
    return "–" if value is None else f"{100 * value:+.1f}"


def _p_value(p: float | None) -> str:
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _clip(text: Any) -> str:
    """A response as it is shown: cut to a sensible length, control characters made visible."""
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "\ufffd", str(text))
    extra = len(text) - SAMPLE_CHARACTERS
    return text if extra <= 0 else f"{text[:SAMPLE_CHARACTERS]}\n… ({extra} more characters)"


# -- samples ---------------------------------------------------------------------------------------------------------


def _best_and_worst(rollouts: Sequence[Row]) -> dict[str, list[Row]]:
    """By reward, one sample per problem, none twice."""
    scored = sorted((row for row in rollouts if _is_finite(row.get("reward"))), key=lambda row: -row["reward"])

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


# -- charts ----------------------------------------------------------------------------------------------------------


def charts(runs: Sequence[Run]) -> list[Chart]:
    """Every chart that has data, in the order of the page."""
    drawn = [_pass_rate_chart(runs), *(_line_chart(runs, **lines) for lines in LINES[:4])]
    drawn += [draw(run, len(runs) > 1) for draw in (_time_chart, _verdict_chart) for run in runs]
    drawn += [_line_chart(runs, **lines) for lines in LINES[4:]]
    return [chart for chart in drawn if chart is not None]


LINES: tuple[Row, ...] = (
    {
        "title": "Training reward",
        "names": {"reward_mean": "mean", "reward_std": "standard deviation"},
        "ylabel": "reward",
        "caption": "Mean reward of the step's samples, which training pushes up, and their spread: where that is 0 "
        "there is nothing to learn from.",
    },
    {
        "title": "Response length",
        "names": {"length_mean": "mean", "length_max": "longest"},
        "ylabel": "tokens",
        "caption": "Tokens per training sample. Length that grows while the pass rate does not is a warning.",
    },
    {
        "title": "Truncated responses",
        "names": {"truncated_rate": "truncated"},
        "percent": True,
        "ylabel": "of samples",
        "caption": "Training samples that ran into the token limit. Part of an early gain is often just learning to "
        "stop in time.",
    },
    {
        "title": "Drift between sampler and learner",
        "names": {"drift_mean": "mean", "drift_max": "largest"},
        "log": True,
        "ylabel": "|difference of logprobs|",
        "caption": "How far the sampler's log-probabilities are from the learner's. It should stay flat; a jump means "
        "that the sampler holds other weights.",
    },
    {
        "title": "Loss",
        "names": {"loss": "loss"},
        "ylabel": "loss",
        "caption": "What the optimiser minimises. In GRPO it hovers around 0 and says little about progress; in "
        "supervised tuning it should fall.",
    },
    {
        "title": "Gradient norm",
        "names": {"grad_norm": "before clipping"},
        "ylabel": "norm",
        "caption": "Size of the gradient before clipping. Spikes mark unstable steps.",
    },
)


def _label(run: Run, name: str, runs: Sequence[Run]) -> str:
    if len(runs) == 1:
        return name
    shown = "\u200b" if run.name.startswith("_") else ""  # else matplotlib leaves such a label out of the legend
    return f"{shown}{run.name}: {name}"


def _line_chart(
    runs: Sequence[Run],
    *,
    title: str,
    names: Mapping[str, str],
    ylabel: str,
    caption: str,
    percent: bool = False,
    log: bool = False,
) -> Chart | None:
    """One line per run and metric: colour tells runs apart (metrics, where there is one run), dashes metrics."""
    with _Canvas(title, ylabel) as canvas:
        everything: list[float] = []
        for i, run in enumerate(runs):
            for j, (metric, meaning) in enumerate(names.items()):
                steps, values = run.series(metric)
                if not steps:
                    continue
                everything += values
                colour = PALETTE[(i if len(runs) > 1 else j) % len(PALETTE)]
                canvas.line(steps, values, colour, ("-", "--")[j], _label(run, meaning, runs))
        if not everything:
            return None
        if log and min(everything) > 0:
            canvas.log(min(everything), max(everything))
        if percent:
            canvas.percent()
        return canvas.chart(caption, _spoken(title, runs, names, percent))


def _spoken(title: str, runs: Sequence[Run], names: Mapping[str, str], percent: bool) -> str:
    """Alt text: first and last value of every line."""
    parts = []
    for run in runs:
        for metric, meaning in names.items():
            steps, values = run.series(metric)
            if steps:
                first, last = (f"{100 * v:.1f}%" if percent else f"{v:.3g}" for v in (values[0], values[-1]))
                where = f"from {first} at step {steps[0]} to {last} at step {steps[-1]}"
                parts.append(f"{_label(run, meaning, runs)} {where}")
    return f"{title} per step: {'; '.join(parts)}."


def _pass_rate_chart(runs: Sequence[Run]) -> Chart | None:
    """Training pass rate as a line, held-out rates as points with their intervals."""
    spoken = []
    span = max((evaluation.step for run in runs for evaluation in run.evaluations), default=0) or 1
    with _Canvas("Pass rate", "of answers") as canvas:
        for i, run in enumerate(runs):
            colours = PALETTE[:3] if len(runs) == 1 else [PALETTE[i % len(PALETTE)]] * 3
            steps, values = run.series("pass_rate")
            if steps:
                canvas.line(steps, values, colours[0], "-", _label(run, "training", runs), alpha=0.7, lw=1.2)
                spoken.append(f"{_label(run, 'training', runs)} from {_percent(values[0])} to {_percent(values[-1])}")
            for mode, colour, marker, face in (
                ("greedy", colours[1], "o", colours[1]),
                ("sampled", colours[2], "s", "w"),
            ):
                points = [
                    (evaluation.step, value, interval)
                    for evaluation in run.evaluations
                    if (value := getattr(evaluation.summary, mode)) is not None
                    and (interval := getattr(evaluation.summary, f"{mode}_interval"))
                ]
                if not points:
                    continue
                name = _label(run, f"held-out {mode}", runs)
                aside = 0.012 * span * (2 * i + (mode == "sampled"))  # bars of one step side by side, not on each other
                bars = [[max(0.0, value - low), max(0.0, high - value)] for _, value, (low, high) in points]
                canvas.axes.errorbar(
                    [step + aside for step, *_ in points],
                    [value for _, value, _ in points],
                    yerr=list(zip(*bars, strict=True)),
                    color=colour,
                    marker=marker,
                    markerfacecolor=face,
                    linestyle=":" if mode == "sampled" else "--",
                    linewidth=1.2,
                    markersize=5.5,
                    capsize=3,
                    label=name,
                    zorder=3,
                )
                spoken.append(f"{name} from {_percent(points[0][1])} to {_percent(points[-1][1])}")
        if not spoken:
            return None
        canvas.percent()
        return canvas.chart(
            "The line is the training batch, the points are held-out problems that training never sees; bars are 95% "
            "intervals. A training line that rises alone is overfitting.",
            f"Pass rate over steps: {'; '.join(spoken)}.",
        )


def _time_chart(run: Run, several: bool) -> Chart | None:
    rows = [row for row in run.metrics if any(_is_finite(row.get(f"seconds/{phase}")) for phase in PHASES)]
    if not rows:
        return None
    stack = {name: [_number(row, f"seconds/{phase}") for row in rows] for phase, name in PHASES.items()}
    known = [sum(values) for values in zip(*stack.values(), strict=True)]
    stack["other"] = [max(0.0, _number(row, "seconds/step") - k) for row, k in zip(rows, known, strict=True)]
    means = ", ".join(f"{name} {sum(values) / len(rows):.1f} s" for name, values in stack.items() if any(values))
    return _stacked(
        f"Time per step{f': {run.name}' if several else ''}",
        "seconds",
        [row["step"] for row in rows],
        {name: (values, PHASE_COLOURS[name]) for name, values in stack.items()},
        f"Where the time of a step goes. On average: {means}. Verifying overlaps sampling and counts only where it was waited for.",
    )


def _verdict_chart(run: Run, several: bool) -> Chart | None:
    rows = [row for row in run.metrics if any(key.startswith("status/") for key in row)]
    stack = {
        status.value: ([_number(row, f"status/{status}") for row in rows], VERDICT_COLOURS[status]) for status in Status
    }
    return _stacked(
        f"Verdicts{f': {run.name}' if several else ''}",
        "samples",
        [row["step"] for row in rows],
        stack,
        "What the verifier said about the step's samples. Green should grow; black and grey are faults that are "
        "not the policy's.",
    )


def _stacked(
    title: str, ylabel: str, steps: Sequence[int], stack: Mapping[str, tuple[list[float], str]], caption: str
) -> Chart | None:
    stack = {name: layer for name, layer in stack.items() if any(layer[0])}
    if not stack:
        return None
    with _Canvas(title, ylabel) as canvas:
        middles = [(a + b) / 2 for a, b in pairwise(steps)]
        edges = [steps[0] - 0.5, *middles, steps[-1] + 0.5]
        bottom = [0.0] * len(steps)
        for name, (values, colour) in stack.items():
            top = [a + b for a, b in zip(bottom, values, strict=True)]
            canvas.axes.stairs(top, edges, baseline=bottom, fill=True, color=colour, label=name)
            bottom = top
        canvas.axes.set_xlim(edges[0], edges[-1])
        shares = ", ".join(f"{name} {values[0]:.4g} to {values[-1]:.4g}" for name, (values, _) in stack.items())
        return canvas.chart(caption, f"{title}, {ylabel} per step, first to last step: {shares}.")


def _number(row: Row, name: str) -> float:
    value = row.get(name)
    return float(value) if _is_finite(value) and value is not None else 0.0


CHART_SIZE = (5.2, 3.1)  # inches; at the page's column width a point is about a pixel
CHART_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "verirl",  # the same ids each time
    "font.family": "sans-serif",
    "font.size": 10,
    "text.parse_math": False,  # a run may be called `$x$`
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.constrained_layout.use": True,
}


class _Canvas:
    """One matplotlib figure, drawn by the SVG backend: no display, text stays text."""

    def __init__(self, title: str, ylabel: str) -> None:
        self.title, self.ylabel = title, ylabel

    def __enter__(self) -> Self:
        import matplotlib
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator

        self.context = matplotlib.rc_context(CHART_STYLE)
        self.context.__enter__()
        self.figure = Figure(figsize=CHART_SIZE)
        FigureCanvasSVG(self.figure)
        self.axes: Axes = self.figure.add_subplot()
        self.axes.set(xlabel="step", ylabel=self.ylabel)
        self.axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
        return self

    def __exit__(self, *error: object) -> None:
        self.context.__exit__(None, None, None)

    def line(
        self, steps: Sequence[int], values: Sequence[float], colour: str, style: str, label: str, **more: Any
    ) -> None:
        marker = "o" if len(steps) == 1 else ""  # a line through one point is invisible
        self.axes.plot(steps, values, color=colour, linestyle=style, marker=marker, label=label, **more)

    def log(self, low: float, high: float) -> None:
        """Whole decades, so that at least two of them are labelled; `1e-05` since text is not parsed as mathematics."""
        bottom = math.floor(math.log10(low))
        self.axes.set_yscale("log")
        self.axes.set_ylim(10.0**bottom, 10.0 ** max(math.ceil(math.log10(high)), bottom + 1))
        self.axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0e}")

    def percent(self) -> None:
        from matplotlib.ticker import PercentFormatter

        self.axes.yaxis.set_major_formatter(PercentFormatter(1))
        self.axes.set_ylim(bottom=0)

    def chart(self, caption: str, alt: str) -> Chart:
        from io import StringIO

        handles, labels = self.axes.get_legend_handles_labels()
        if len(handles) > 1:
            columns = 1 if max(map(len, labels)) > 24 else 2
            rows = math.ceil(len(handles) / columns)
            self.figure.set_figheight(CHART_SIZE[1] + 0.2 * max(0, rows - 2))  # the axes keep their height
            self.figure.legend(handles, labels, loc="outside lower center", ncols=columns)
        buffer = StringIO()
        self.figure.savefig(buffer, format="svg", metadata={"Date": None})
        return Chart(title=self.title, caption=caption, alt=alt, svg=_inline(buffer.getvalue(), self.title))


def _inline(svg: str, title: str) -> str:
    """An SVG file as an element of the page: no XML prologue, no metadata, ids that no other chart has."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'^<svg ([^>]*?)width="[^"]*" height="[^"]*"|^<svg ([^>]*?)height="[^"]*"', r"<svg \1\2", svg)
    prefix = re.sub(r"\W+", "-", title.lower()) + "-"
    return re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{prefix}", svg)
