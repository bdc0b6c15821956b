"""The charts of report.html, as SVG elements of the page: no display, no scripts, text stays text."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

from verirl.format import is_finite, percent
from verirl.types import Status

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from verirl.report import Row, Run

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
class Chart:
    title: str
    caption: str  # how to read it, in one line
    alt: str  # the same for those who do not see it
    svg: str


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
        "title": "Entropy",
        "names": {"entropy": "entropy"},
        "ylabel": "nats a token",
        "caption": "How undecided the policy is while it samples. It falls as answers become sure; near 0 all samples of "
        "a problem are the same, and nothing is learned.",
    },
    {
        "title": "Distance from the first model",
        "names": {"kl": "KL divergence"},
        "ylabel": "nats a token",
        "caption": "KL divergence from the model that the run started with. It rises as the policy learns; a steep rise "
        "while the held-out pass rate stands still is a policy that is getting lost.",
    },
    {
        "title": "Clipped tokens",
        "names": {"clip_fraction": "clipped", "importance_capped": "importance weight capped"},
        "percent": True,
        "ylabel": "of tokens",
        "caption": "Tokens whose gradient the clip held back, or whose importance weight was cut. Much of it: samples "
        "come from too old a policy, or updates are too large.",
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
                spoken.append(f"{_label(run, 'training', runs)} from {percent(values[0])} to {percent(values[-1])}")
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
                spoken.append(f"{name} from {percent(points[0][1])} to {percent(points[-1][1])}")
        if not spoken:
            return None
        canvas.percent()
        return canvas.chart(
            "The line is the training batch, the points are held-out problems that training never sees; bars are 95% "
            "intervals. A training line that rises alone is overfitting.",
            f"Pass rate over steps: {'; '.join(spoken)}.",
        )


def _time_chart(run: Run, several: bool) -> Chart | None:
    rows = [row for row in run.metrics if any(is_finite(row.get(f"seconds/{phase}")) for phase in PHASES)]
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
    return float(value) if is_finite(value) and value is not None else 0.0


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
        return Chart(title=self.title, caption=caption, alt=alt, svg=inline_svg(buffer.getvalue(), self.title))


def inline_svg(svg: str, title: str) -> str:
    """An SVG file as an element of the page: no XML prologue, no metadata, ids that no other chart has."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'^<svg ([^>]*?)width="[^"]*" height="[^"]*"|^<svg ([^>]*?)height="[^"]*"', r"<svg \1\2", svg)
    prefix = re.sub(r"\W+", "-", title.lower()) + "-"
    return re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{prefix}", svg)
