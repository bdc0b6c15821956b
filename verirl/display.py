"""What people see while they wait: progress with live pass rate, tokens a second and time left; nothing in a pipe."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.progress import TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from verirl.types import Group, Status, Trajectory, Verdict


class Display:
    """Progress goes to stderr where that is a terminal; results go to stdout, as tables or, with `as_json`, as JSON."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json
        self.out = Console(highlight=False)
        self.err = Console(stderr=True, highlight=False)
        live = self.err.is_terminal and not as_json
        self.progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            _Live(),
            TimeElapsedColumn(),
            TimeRemainingColumn(compact=True),
            console=self.err,
            disable=not live,
        )

    def __enter__(self) -> Display:
        self.progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.progress.stop()

    @contextmanager
    def bar(self, title: str, total: int | None, keep: bool = False) -> Iterator[Bar]:
        """A line of progress; `total` None for work of unknown length. `keep` leaves it standing at the end."""
        number = self.progress.add_task(title, total=total, live="")
        try:
            yield Bar(self.progress, number)
        finally:
            self.progress.stop_task(number)
            if not keep:
                self.progress.remove_task(number)

    def note(self, text: str) -> None:
        """A line for people; with --json they read elsewhere."""
        if not self.as_json:
            self.err.print(text, markup=False)

    def result(self, value: Mapping[str, Any], *tables: Any) -> None:
        """The outcome: one JSON object on a line, or tables."""
        if self.as_json:
            print(json.dumps(value), flush=True)
        else:
            for table in tables:
                self.out.print(table)


class Bar:
    """Counts samples; what it shows beside the bar is of all samples since it was made."""

    def __init__(self, progress: Progress, number: Any) -> None:
        self._progress, self._number = progress, number
        self._started = time.perf_counter()
        self._passed = self._decided = self._tokens = 0

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
        if live is None:
            rate = f"pass {self._passed / self._decided:.1%}  " if self._decided else ""
            live = f"{rate}{self._tokens / max(time.perf_counter() - self._started, 1e-9):.0f} tok/s"
        self._progress.update(self._number, advance=count, live=live)


class TrainingDisplay:
    """Watches a training run: one bar for the steps, one for the samples of the step at hand."""

    def __init__(self, display: Display, steps: int, done: int, samples_per_step: int) -> None:
        self.display = display
        progress = display.progress
        self._steps = progress.add_task("training", total=steps, completed=done, live="")
        self._samples = progress.add_task("  sampling", total=samples_per_step, live="")
        self._bar = Bar(progress, self._samples)

    def group(self, group: Group) -> None:
        self._bar.group(group)

    def step(self, step: int, metrics: dict[str, float]) -> None:
        shown = []
        if "pass_rate" in metrics:
            shown.append(f"pass {metrics['pass_rate']:.1%}")
        if "tokens_per_second" in metrics:
            shown.append(f"{metrics['tokens_per_second']:.0f} tok/s")
        if "loss" in metrics and not shown:
            shown.append(f"loss {metrics['loss']:.3f}")
        progress = self.display.progress
        progress.update(self._steps, completed=step, live="  ".join(shown))
        progress.reset(self._samples, live="")
        self._bar = Bar(progress, self._samples)
        if self.display.as_json:
            print(json.dumps({"event": "step", "step": step, **metrics}), flush=True)

    def close(self) -> None:
        self.display.progress.remove_task(self._samples)
        self.display.progress.stop_task(self._steps)


class _Live(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(str(task.fields.get("live", "")), style="cyan")


def to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
