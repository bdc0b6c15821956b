"""Does every loss learn? The tests' tiny model, three seeds a loss, 25 steps of GRPO with the defaults of the loss's paper.

The model knows sums but goes on after the answer half of the time (tests/start_model.py); what is measured is the sampled
pass rate on 64 sums that GRPO never saw, 8 samples each, before and after. A loss learns where the smallest gain of its
seeds is at least 0.1. --plot PATH draws the pass rate on the training samples, step by step, with the held-out ones at
both ends. vLLM samples where it is installed, HF generate where not.

One learning rate serves all: AdamW does not see how a loss scales its gradient. With one update a batch the ratio is 1,
so no clip bites, and gspo draws the curve of grpo, cispo that of dapo; where they differ, loss_vs_trl.py looks.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from _rows import Row, print_rows
from _tiny import TASK, make_start_model, run_config

from verirl.config import RunConfig
from verirl.evaluate import eval_file, evaluate
from verirl.loss import LOSSES
from verirl.runlog import RunLog, read_jsonl
from verirl.samplers import make_sampler
from verirl.session import Session
from verirl.train import train
from verirl.types import Sampler, Status

SEEDS = 3
STEPS = 25
GAIN = 0.1
CURVES = dict[str, list[list[float]]]  # by loss, a list for each seed: held out before, each step, held out after


def curve_config(start: Path, **sections: Any) -> RunConfig:
    return run_config(
        start,
        steps=STEPS,
        task=TASK,
        sampler={"kind": "auto", "max_num_seqs": 128, "memory_gib": 1},
        rollout={"problems_per_step": 16, "group_size": 8, "max_tokens": 10},
        optimizer={"learning_rate": 4e-4, "micro_batch_tokens": 4096},
        eval={"problems": 64, "samples": 8},
        checkpoint={"every": 0},
        **sections,
    )


def curve(config: RunConfig, sampler: Sampler, folder: Path) -> list[float]:
    session = Session(config)
    held_out = session.problems("test", config.eval.problems)
    folder.mkdir()
    rates = []
    with session.open_pool() as pool:

        def evaluation(step: int) -> None:
            lines = evaluate(
                held_out,
                sampler,
                pool.verify_trajectory,
                session.encode,
                config,
                eval_file(folder, step),
                config.model.name,
            )
            rates.append(statistics.mean(l["status"] == Status.CORRECT for l in lines if l["mode"] == "sampled"))

        train(
            config,
            session.problems("train"),
            sampler,
            session.reward(pool),
            session.learner(folder / "checkpoints"),
            session.encode,
            RunLog(folder),
            evaluate=evaluation,
        )
    before, after = rates
    return [before, *(step["pass_rate"] for step in read_jsonl(folder / "metrics.jsonl")), after]


def plot(curves: CURVES, path: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    columns = 3
    rows = -(-len(curves) // columns)
    figure, axes = pyplot.subplots(rows, columns, figsize=(10, 3 * rows), sharex=True, sharey=True, squeeze=False)
    for axis, (kind, seeds) in zip(axes.flat, curves.items(), strict=False):
        for number, rates in enumerate(seeds):
            line = axis.plot(range(1, len(rates) - 1), rates[1:-1], linewidth=1, label=f"seed {number}")[0]
            axis.plot([0, len(rates) - 2], [rates[0], rates[-1]], "o", color=line.get_color())
        axis.set(title=kind, ylim=(0, 1))
        axis.grid(alpha=0.3)
    for axis in axes[-1]:
        axis.set_xlabel("step")
    for axis in axes[:, 0]:
        axis.set_ylabel("sampled pass rate")
    axes.flat[0].legend()
    figure.suptitle("Lines: training samples. Dots: held-out problems, before and after.", fontsize=10)
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def main() -> None:
    curves: CURVES = {}
    with tempfile.TemporaryDirectory() as scratch:
        start = make_start_model(Path(scratch))
        sampler = make_sampler(curve_config(start), str(start), 256)  # one for all runs: each loads its weights
        for kind in LOSSES:
            curves[kind] = [
                curve(curve_config(start, seed=seed, loss={"kind": kind}), sampler, Path(scratch) / f"{kind}-{seed}")
                for seed in range(SEEDS)
            ]
    rows = []
    for loss, seeds in curves.items():
        before, after = (statistics.mean(rates[end] for rates in seeds) for end in (0, -1))
        smallest = min(rates[-1] - rates[0] for rates in seeds)
        rows.append(Row(f"{loss}: sampled pass rate held out, after vs before, mean of {SEEDS} seeds", after, before))
        name = f"{loss}: smallest gain of {SEEDS} seeds, vs what counts as learning"
        rows.append(Row(name, smallest, GAIN, smallest / GAIN, 1.0))
    print_rows(f"learning curves: {STEPS} steps on the tiny model", rows)
    if "--plot" in sys.argv:
        plot(curves, Path(sys.argv[sys.argv.index("--plot") + 1]))


if __name__ == "__main__":
    main()
