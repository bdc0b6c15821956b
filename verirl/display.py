"""What people see while they wait: progress with live pass rate, tokens a second and time left; nothing in a pipe.

rich takes a fifth of a second to import, so that happens when there is something to draw.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from verirl.types import Group, Status, Trajectory, Verdict

if TYPE_CHECKING:
    from rich.progress import Progress, Task


class Display:
    """Progress goes to stderr where that is a terminal; results go to stdout, as tables or, with `as_json`, as JSON."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json
        self.live = not as_json and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    @property
    def progress(self) -> Progress | None:
        """None where nobody looks on."""
        if self._progress is None and self.live:
            self._progress = _make_progress()
            self._progress.start()
        return self._progress

    @contextmanager
    def bar(self, title: str, total: int | None, shown: bool = True) -> Iterator[Bar]:
        """A line of progress that goes when its work is done; `total` None for work of unknown length."""
        bar = Bar(self.progress if shown else None, title, total)
        try:
            yield bar
        finally:
            bar.close()

    def note(self, text: str) -> None:
        """A line for people; with --json they read elsewhere."""
        if not self.as_json:
            print(text, file=sys.stderr, flush=True)

    def warning(self, step: int, name: str, text: str) -> None:
        """What looks wrong in a step, for people or as one of the events of --json."""
        if self.as_json:
            print(json.dumps({"event": "warning", "step": step, "name": name, "text": text}), flush=True)
        self.note(f"warning: step {step}: {text}.")

    def result(self, value: Mapping[str, Any], *shown: Any) -> None:
        """The outcome: one JSON object on a line, or tables and lines of text."""
        if self._progress is not None:
            self._progress.stop()  # its lines and stdout's would run into each other on a terminal
        if self.as_json:
            print(json.dumps(value), flush=True)
            return
        for item in shown:
            if isinstance(item, str):
                print(item)
            else:
                from rich.console import Console

                # Cells hold what tasks and models wrote: `[/b]` in it is text, not markup.
                Console(highlight=False, markup=False, emoji=False).print(item)
        sys.stdout.flush()


class Bar:
    """Counts samples; what it shows beside the bar is of all samples since it was made or restarted."""

    def __init__(self, progress: Progress | None, title: str, total: int | None) -> None:
        self._progress = progress
        self._number = progress.add_task(title, total=total, live="", end=None) if progress is not None else None
        self._total = total
        self.restart()

    def restart(self) -> None:
        self._started = time.monotonic()
        self._done = self._passed = self._decided = self._tokens = 0
        if self._progress is not None and self._number is not None:
            self._progress.reset(self._number, live="", end=None)

    def sample(self, verdict: Verdict, trajectory: Trajectory) -> None:
        self._tokens += len(trajectory.token_ids)
        if verdict.status.caused_by_policy and verdict.status != Status.SCORED:
            self._decided += 1
            self._passed += verdict.status == Status.CORRECT
        self.advance(1)

    def group(self, group: Group) -> None:
        for verdict, trajectory in zip(group.verdicts, group.trajectories, strict=True):
            self.sample(verdict, trajectory)

    def advance(self, count: int, live: str | None = None) -> None:
        self._done += count
        if self._progress is None or self._number is None:
            return
        now = time.monotonic()
        if live is None:
            rate = f"pass {self._passed / self._decided:.1%}  " if self._decided else ""
            live = f"{rate}{self._tokens / max(now - self._started, 1e-9):.0f} tok/s"
        # When the work ends, at the pace since its start; rich looks at the last 30 s, which a step may well exceed.
        end = self._total and now + (now - self._started) / self._done * (self._total - self._done)
        self._progress.update(self._number, advance=count, live=live, end=end)

    def close(self) -> None:
        if self._progress is not None and self._number is not None:
            self._progress.remove_task(self._number)


class TrainingDisplay:
    """Watches a training run: one bar for the steps that are left to do, one for the samples of the step at hand."""

    def __init__(self, display: Display, steps: int, done: int, samples_per_step: int) -> None:
        self.as_json = display.as_json
        self.warning = display.warning
        self._steps = Bar(display.progress, "training", max(0, steps - done))
        self._samples = Bar(display.progress, "sampling", samples_per_step) if samples_per_step else None
        self._begun = False

    def group(self, group: Group) -> None:
        if not self._begun:  # before it came the first evaluation
            self._begin()
        if self._samples is not None:
            self._samples.group(group)

    def step(self, step: int, metrics: dict[str, float]) -> None:
        shown = []
        if "pass_rate" in metrics:
            shown.append(f"pass {metrics['pass_rate']:.1%}")
        if "tokens_per_second" in metrics:
            shown.append(f"{metrics['tokens_per_second']:.0f} tok/s")
        if "loss" in metrics and not shown:
            shown.append(f"loss {metrics['loss']:.3f}")
        self._steps.advance(1, "  ".join(shown))
        if self._samples is not None:
            self._samples.restart()
        if self.as_json:
            print(json.dumps({"event": "step", "step": step, **metrics}), flush=True)

    def close(self) -> None:
        self._steps.close()
        if self._samples is not None:
            self._samples.close()

    def _begin(self) -> None:
        self._begun = True
        self._steps.restart()
        if self._samples is not None:
            self._samples.restart()


def _make_progress() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn
    from rich.text import Text

    class Live(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(str(task.fields.get("live", "")), style="cyan", no_wrap=True)

    class Count(MofNCompleteColumn):
        def render(self, task: Task) -> Text:
            return super().render(task) if task.total is not None else Text()

    class Clock(ProgressColumn):
        """Time left, once that can be told; until then the time that has passed."""

        def render(self, task: Task) -> Text:
            end = task.fields.get("end")
            seconds = (task.elapsed or 0.0) if end is None else max(0.0, end - time.monotonic())
            minutes, rest = divmod(int(seconds), 60)
            clock = f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"
            return Text(clock + (" left" if end is not None else ""), style="dim", no_wrap=True, justify="right")

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=12),
        Count(),
        Live(),
        Clock(),
        console=Console(stderr=True, highlight=False),
        redirect_stdout=False,  # rich would send to stderr what is printed to stdout, which may be a file
    )
