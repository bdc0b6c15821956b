"""The figures of a contrast's report, as SVG elements of the page. Every seed is drawn, and nothing is averaged.

What a line is shows in its dashes and marks as well as in its colour, so that the page can be read in black and white.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from verirl.charts import CHART_STYLE, PALETTE, Chart, inline_svg
from verirl.contrast.course import retrained_at

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = dict[str, Any]

WIDTH = 10.8  # inches: the page's width, at which type has the size that it has in the run's report
PANEL = 2.25  # inches high
COLUMNS = 4
BLUE, ORANGE, GREEN, PURPLE = PALETTE[:4]
BLACK = "#000000"
TRUTH: Row = {"color": BLUE, "linestyle": "-", "linewidth": 1.5}
PROXY: Row = {"color": ORANGE, "linestyle": "--", "linewidth": 1.2}
UTILITY: Row = {"color": GREEN, "linestyle": "-.", "linewidth": 1.2}
BEST: Row = {"color": BLACK, "linestyle": ":", "linewidth": 1.2, "marker": "s", "markersize": 3, "markerfacecolor": "w"}
FIT: Row = {"color": PURPLE, "linestyle": (0, (7, 2)), "linewidth": 2.4}
BEST_FIT: Row = {"color": "#777777", "linestyle": (0, (7, 2)), "linewidth": 1.6}
PARTING: Row = {"color": BLACK, "linestyle": "", "marker": "x", "markersize": 7, "markeredgewidth": 1.8}
RETRAINED: Row = {"color": "#999999", "linestyle": (0, (1, 2)), "linewidth": 1}
ENDS: dict[str, Row] = {
    "start": {"marker": "o", "markerfacecolor": "w", "color": "#555555"},
    "peak": {"marker": "^", "markerfacecolor": "w", "color": ORANGE},
    "end": {"marker": "D", "markerfacecolor": BLUE, "color": BLUE},
}


def figures(analysis: Row) -> dict[str, Chart]:
    """By name ("parting", "all", "distance", "ends"), those for which there is anything to draw."""
    arms = [arm for arm in analysis["arms"] if arm["seeds"]]
    chosen = [name for name in analysis["roles"].values() if name]
    few = [arm for name in chosen for arm in arms if arm["name"] == name]
    drawn: dict[str, Chart] = {}
    if few:
        drawn["parting"] = _against_steps(few, "Where the curves part", len(few), 1.5 * PANEL)
    if len(arms) > len(few):
        drawn["all"] = _against_steps(arms, "Every arm", COLUMNS, PANEL)
    if arms:
        drawn["distance"] = _against_distance(arms, analysis)
        drawn["ends"] = _ends(arms)
    return drawn


def scaled(values: Sequence[float | None]) -> list[float]:
    """To [0, 1], lowest to highest; 0.5 where all are equal; NaN where there is none."""
    known = [value for value in values if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    return [math.nan if v is None else (v - low) / (high - low) if high > low else 0.5 for v in values]


def _against_steps(arms: Sequence[Row], title: str, columns: int, height: float) -> Chart:
    with _panels([arm["name"] for arm in arms], columns, height, "step", share_x=True) as (figure, axes):
        drawn: dict[str, Row] = {"pass rate (truth)": TRUTH, "reward (proxy), to its own range": PROXY}
        for panel, arm in zip(axes, arms, strict=True):
            for run in arm["seeds"]:
                curve = run["curve"]
                _line(panel, curve["step"], scaled(curve["proxy"]), PROXY)
                _line(panel, curve["step"], curve["pass_rate"], TRUTH)
            for step in sorted({step for run in arm["seeds"] for step in retrained_at(run["curve"])}):
                panel.axvline(step, **RETRAINED)
                drawn["reward model trained again"] = RETRAINED
            for run in arm["seeds"]:
                if run["divergence"]:
                    panel.plot([run["divergence"]["step"]], [run["divergence"]["pass_rate"]], zorder=4, **PARTING)
                    drawn["they part here"] = PARTING
        caption = (
            "A line a seed. Solid: the pass rate on held-out problems, by the verifier. Dashed: the reward that is "
            "optimised, on the same answers, from its lowest to its highest value in that run, so that a reward without "
            "a trend fills the panel with noise. Crosses: the first evaluation at which the truth is more than a "
            "standard error under its maximum while the reward still rises."
        )
        if "reward model trained again" in drawn:
            caption += " A reward model that is trained again starts a new scale: the pieces are joined."
        return _chart(figure, drawn, title, caption, _spoken(title, arms))


def _against_distance(arms: Sequence[Row], analysis: Row) -> Chart:
    low, high = analysis["utility_range"]
    title = "How far the policy has come"
    with _panels([arm["name"] for arm in arms], COLUMNS, PANEL, "sqrt(KL), nats", share_x=False) as (figure, axes):
        drawn: dict[str, Row] = {"pass rate (truth)": TRUTH, "utility of the rater": UTILITY}
        for panel, arm in zip(axes, arms, strict=True):
            for run in arm["seeds"]:
                curve = run["curve"]
                wishes = [None if u is None else (u - low) / ((high - low) or 1.0) for u in curve["utility"]]
                _line(panel, curve["sqrt_kl"], wishes, UTILITY)
                _line(panel, curve["sqrt_kl"], curve["pass_rate"], TRUTH | {"marker": "o", "markersize": 2})
            farthest = max((d for run in arm["seeds"] for d in run["curve"]["sqrt_kl"] if d is not None), default=0.0)
            if _draw_fit(
                panel, arm["fit"], [run["pass_rate"]["start"] for run in arm["seeds"]], farthest, math.log, FIT
            ):
                drawn["fit of RL: d(a - b log d)"] = FIT
            name, best = arm["best_of_n"], analysis["best_of_n"]
            if name:
                for curve in best["curves"][name]:
                    _line(panel, best["sqrt_kl"][: len(curve)], curve, BEST)
                drawn["best of n by the same reward"] = BEST
                starts = [curve[0] for curve in best["curves"][name] if curve]
                if _draw_fit(panel, best["fits"][name], starts, best["sqrt_kl"][-1], float, BEST_FIT):
                    drawn["fit of best of n: d(a - b d)"] = BEST_FIT
        caption = (
            "A line a seed, against the distance from the start policy (each panel has its own range; a line may turn "
            f"back). The utility is that of the rater {analysis['wish']!r}, from the lowest to the highest there can be "
            f"({low:g} to {high:g}). Best of n draws n answers from the start policy and takes the one that the reward "
            "likes best. The fits are those of Gao et al. (2022), of the gain in pass rate over the start, all seeds "
            "together; a fit says little where the seeds differ."
        )
        alt = "; ".join(
            f"{arm['name']}: sqrt(KL) of {_range(arm['summary']['sqrt_kl'], False)} at the end" for arm in arms
        )
        return _chart(figure, drawn, title, caption, f"Pass rate and utility against sqrt(KL). {alt}.")


def _draw_fit(
    panel: Axes, fit: Row | None, starts: Sequence[float | None], farthest: float, bend: Any, style: Row
) -> bool:
    """The fitted curve, from the median start. Rates end at 0 and 1, a fit need not: it is drawn as far as they go."""
    known = sorted(start for start in starts if start is not None)
    if fit is None or not known or farthest <= 0:
        return False
    start = known[len(known) // 2]
    d = [farthest * part / 100 for part in range(1, 101)]
    gains = [start + x * (fit["a"] - fit["b"] * bend(x)) for x in d]
    panel.plot([0.0, *d], [start, *(y if -0.05 <= y <= 1.05 else math.nan for y in gains)], zorder=3, **style)
    return True


def _ends(arms: Sequence[Row]) -> Chart:
    title = "Start, peak and end of every seed"
    with _figure(WIDTH, 0.9 + 0.5 * len(arms)) as figure:
        axes = figure.add_subplot()
        for row, arm in enumerate(arms):
            if row % 2:
                axes.axhspan(row - 0.5, row + 0.5, color="#f5f6f8", zorder=0)
            runs = [run for run in arm["seeds"] if run["complete"]]
            for place, (when, style) in enumerate(ENDS.items()):
                rates = [run["pass_rate"][when] for run in runs]
                aside = [(i - (len(runs) - 1) / 2) * 0.16 / max(1, len(runs) - 1) for i in range(len(runs))]
                heights = [row + 0.28 * (place - 1) + each for each in aside]  # equal rates beside each other
                axes.plot(rates, heights, linestyle="", markersize=6, label=when if not row else None, **style)
        axes.set_yticks(range(len(arms)), [_short(arm["name"]) for arm in arms])
        axes.set_ylim(len(arms) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x")
        axes.set_xlim(-0.02, 1.02)
        axes.set_xlabel("pass rate on held-out problems, sampled")
        _percent(axes.xaxis)
        caption = (
            "A mark a seed, complete runs only. Within a row start, peak and end stand below each other. Where the ends of "
            "a row lie far apart, its mean would describe no run."
        )
        return _chart(figure, ENDS, title, caption, _spoken(title, arms), linestyle="")


def _spoken(title: str, arms: Sequence[Row]) -> str:
    """Alt text: median and range over the seeds."""
    parts = [
        f"{arm['name']}: pass rate of {_range(rates['start'])} at the start, {_range(rates['peak'])} at the peak, "
        f"{_range(rates['end'])} at the end"
        for arm in arms
        for rates in [arm["summary"]["pass_rate"]]
    ]
    return f"{title}. {'; '.join(parts)}."


def _range(summary: Row | None, percent: bool = True) -> str:
    if summary is None:
        return "unknown"
    middle, low, high = (
        f"{100 * summary[key]:.0f}%" if percent else f"{summary[key]:.2g}" for key in ("median", "low", "high")
    )
    return middle if summary["n"] == 1 else f"{middle} ({low} to {high})"


# -- matplotlib --------------------------------------------------------------------------------------------------------


def _line(axes: Axes, x: Sequence[float | None], y: Sequence[float | None], style: Row) -> None:
    points = [(a, math.nan if b is None else b) for a, b in zip(x, y, strict=True) if a is not None]
    mark = {"marker": "o", "markersize": 4} if len(points) == 1 else {}  # a line through one point is invisible
    axes.plot([a for a, _ in points], [b for _, b in points], alpha=0.8, **(style | mark))


def _short(name: str) -> str:
    return "\n".join(textwrap.wrap(name, 30, max_lines=2, placeholder=" …"))


def _percent(axis: Any) -> None:
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1, decimals=0))


@contextmanager
def _figure(width: float, height: float) -> Iterator[Figure]:
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(CHART_STYLE):
        figure = Figure(figsize=(width, height))
        FigureCanvasSVG(figure)
        yield figure


@contextmanager
def _panels(
    names: Sequence[str], columns: int, height: float, xlabel: str, *, share_x: bool
) -> Iterator[tuple[Figure, list[Axes]]]:
    """A panel a name, of rates from 0 to 1."""
    from matplotlib.ticker import MaxNLocator

    columns = max(1, min(columns, len(names)))
    rows = math.ceil(len(names) / columns)
    with _figure(WIDTH, rows * height + 0.5) as figure:
        grid = figure.subplots(rows, columns, sharex=share_x, sharey=True, squeeze=False).ravel().tolist()
        for place, (axes, name) in enumerate(zip(grid, names, strict=False)):
            axes.set_title(_short(name), fontsize=10, loc="left")
            axes.set_ylim(-0.03, 1.03)
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=share_x, steps=[1, 2, 5, 10]))
            _percent(axes.yaxis)
            if place + columns >= len(names):  # the lowest of its column
                axes.set_xlabel(xlabel)
                axes.tick_params(axis="x", labelbottom=True)
        for axes in grid[len(names) :]:
            axes.set_visible(False)
        yield figure, grid[: len(names)]


def _chart(figure: Figure, drawn: Mapping[str, Row], title: str, caption: str, alt: str, **more: Any) -> Chart:
    from io import StringIO

    from matplotlib.lines import Line2D

    plain: Row = {"marker": "", "markersize": 6}
    handles = [Line2D([], [], label=name, **(plain | style | more)) for name, style in drawn.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(3, len(handles)), handlelength=3.5)
    buffer = StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return Chart(title=title, caption=caption, alt=alt, svg=inline_svg(buffer.getvalue(), title))
