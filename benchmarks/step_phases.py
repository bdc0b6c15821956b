"""Where the time of a training step goes: the demo's config, three steps, the mean of the last two.

A step's time is the whole of it, from one step's end to the next one's. Verification and bookkeeping are what is left of
it beside sampling, learning and weights: waiting for verdicts once sampling is over, log files, metrics. (Verification
that overlaps sampling costs nothing unless it slows it; making tensors of the samples counts as learning.)

Weights are loaded into the sampler, and what is then in force there is compared with the learner's; the budget is of the load.

A share is held against its budget: the ratio is budget / share, and from 1 on it holds.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from _rows import Row, print_rows

from verirl.config import load_config
from verirl.runlog import open_run, peak_rss_gib
from verirl.samplers.vllm import VllmSampler
from verirl.session import Session
from verirl.train import Unwatched, train

STEPS = 3
BUDGET_REST, BUDGET_LOAD = 0.02, 0.03  # of a step
BUDGET_MEMORY = 8.0  # GiB


class Watcher(Unwatched):
    """Keeps each step's metrics, with the time from the end of the step before."""

    def __init__(self) -> None:
        self.steps: list[dict[str, float]] = []
        self.last = 0.0

    def step(self, step: int, metrics: dict[str, float]) -> None:
        now = time.perf_counter()
        self.steps.append({**metrics, "seconds": now - self.last})
        self.last = now


def within(name: str, used: float, budget: float) -> Row:
    return Row(f"{name}, vs budget", used, budget, budget / max(used, 1e-9), 1.0)


def timed(work: Callable[..., list[str]], seconds: list[float]) -> Callable[..., list[str]]:
    """The same function, which notes what each call took."""

    def call(*arguments: object) -> list[str]:
        started = time.perf_counter()
        found = work(*arguments)
        seconds.append(time.perf_counter() - started)
        return found

    return call


def main() -> None:
    overrides = ["--steps", str(STEPS), "--checkpoint.every", "0"]
    config = load_config(Path(__file__).parent.parent / "configs" / "demo.toml", overrides)
    session = Session(config)
    watcher = Watcher()
    with tempfile.TemporaryDirectory() as scratch, session.open_pool() as pool:
        folder = Path(scratch) / "run"
        learner, sampler = session.learner(folder / "checkpoints"), session.sampler()
        compared: list[float] = []
        if isinstance(sampler, VllmSampler):
            sampler._link.stale = timed(sampler._link.stale, compared)  # type: ignore[method-assign]
        log = open_run(folder, config, resume=False)
        problems, reward = session.problems("train"), session.reward(pool)
        train(config, problems, sampler, reward, learner, session.encode, log, watcher)

    def average(name: str) -> float:
        return statistics.mean(step.get(name, 0.0) for step in watcher.steps[1:])

    total = average("seconds")
    phases = {phase: average(f"seconds/{phase}") for phase in ("sample", "learn", "load")}
    rest = total - sum(phases.values())
    compare = statistics.mean(compared[-STEPS + 1 :]) if compared else 0.0
    rows = [Row(f"{phase}, seconds a step", seconds) for phase, seconds in phases.items()]
    rows += [
        Row("verification and bookkeeping, seconds a step", rest),
        Row("of that, waiting for verification", average("seconds/verify")),
        Row("whole step, seconds", total),
        Row("sample, share of the step", phases["sample"] / total),
        Row("learn, share of the step", phases["learn"] / total),
        within("weights over to the sampler, share of the step", (phases["load"] - compare) / total, BUDGET_LOAD),
        Row("comparing them with the learner's, share of the step", compare / total),
        within("verification and bookkeeping, share of the step", rest / total, BUDGET_REST),
        within("peak memory, GiB", peak_rss_gib(), BUDGET_MEMORY),
        Row("sampling, tokens/s", average("tokens_per_second")),
        Row("groups trained of 16", average("groups_trained")),
    ]
    print_rows("time of each phase of a step (16 x 8 samples of at most 16 tokens)", rows)


if __name__ == "__main__":
    main()
