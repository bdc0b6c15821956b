"""Where the time of a training step goes: the demo's config, three steps, the mean of the last two."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from _rows import Row, print_rows

from verirl.config import load_config
from verirl.runlog import open_run, peak_rss_gib, read_jsonl
from verirl.session import Session
from verirl.train import train


def main() -> None:
    overrides = ["--steps", "3", "--checkpoint.every", "0"]
    config = load_config(Path(__file__).parent.parent / "configs" / "demo.toml", overrides)
    session = Session(config)
    with tempfile.TemporaryDirectory() as scratch, session.open_pool() as pool:
        folder = Path(scratch) / "run"
        learner, sampler = session.learner(folder / "checkpoints"), session.sampler()
        log = open_run(folder, config, resume=False)
        train(config, session.problems("train"), sampler, session.reward(pool), learner, session.encode, log)
        steps = read_jsonl(folder / "metrics.jsonl")[1:]

    def average(name: str) -> float:
        return statistics.mean(step.get(name, 0.0) for step in steps)

    total = average("seconds/step")
    phases = ("sample", "verify", "learn", "load")
    rows = [Row(f"{phase}, seconds a step", average(f"seconds/{phase}")) for phase in phases]
    rows += [Row(f"{phase}, share of the step", average(f"seconds/{phase}") / total) for phase in phases]
    rows += [
        Row("whole step, seconds", total),
        Row("sampling, tokens/s", average("tokens_per_second")),
        Row("groups trained of 16", average("groups_trained")),
        Row("peak memory, GiB", peak_rss_gib()),
    ]
    print_rows("time of each phase of a step (16 x 8 samples of at most 16 tokens)", rows)


if __name__ == "__main__":
    main()
