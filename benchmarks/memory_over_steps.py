"""Whether memory stays flat: resident memory of a training process over 500 steps of a tiny model.

Sampling (vLLM where it is installed, else HF generate), verification, learning, weight transfer and checkpoints are all
in it, so that what any of them forgets to give back shows.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from _rows import Row, print_rows

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from builders import run_config
from killing import TASK
from verirl.runlog import open_run
from verirl.session import Session
from verirl.tiny import make_tiny_model
from verirl.train import Unwatched, train

LIMIT = 2.0  # per cent


class Watch(Unwatched):
    """Resident memory after each step, in MiB."""

    def __init__(self) -> None:
        self.rss: dict[int, float] = {}

    def step(self, step: int, metrics: dict[str, float]) -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.rss[step] = pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--sampler", choices=["auto", "vllm", "hf"], default="auto")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    args = parser.parse_args()
    watch = Watch()
    with tempfile.TemporaryDirectory() as scratch:
        model = make_tiny_model(Path(scratch) / "model", seed=1, hidden=32, spread=0.2)
        config = run_config(
            model,
            steps=args.steps,
            task={"name": f"{TASK}:Coin"},
            sampler={"kind": args.sampler, "memory_gib": 0.1},
            rollout={"problems_per_step": 4, "group_size": 4, "max_tokens": 8},
            optimizer={"learning_rate": 1e-4},
            checkpoint={"every": 50},
        )
        session = Session(config)
        kind = session.check_sampler()
        with session.open_pool() as pool:
            folder = Path(scratch) / "run"
            learner, sampler = session.learner(folder / "checkpoints"), session.sampler()
            log = open_run(folder, config, resume=False)
            problems = session.problems("train")
            train(config, problems, sampler, session.reward(pool), learner, session.encode, log, watch)
    start = max(1, args.steps // 5)
    shown = [1, start, *(args.steps * part // 10 for part in (4, 6, 8)), args.steps]
    growth = 100 * (watch.rss[args.steps] / watch.rss[start] - 1)
    rows = [Row(f"resident memory at step {step}, MiB", watch.rss[step]) for step in sorted({*shown} - {0})]
    name = f"growth from step {start} to {args.steps}, per cent, vs a limit of {LIMIT:g}"
    rows.append(Row(name, growth, LIMIT, LIMIT / max(growth, 1e-3), 1))
    print_rows(f"memory over {args.steps} steps, {kind} sampling", rows)
    return 0 if growth < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
