"""Exact resume: runs of a tiny model are SIGKILLed at random moments and gone on with, until they equal one left alone.

Every kill hits a real process of the command line: at any time, while a checkpoint is written, or while an evaluation
runs. Compared to the bit are metrics, samples, evaluations, the summary's pass rates, all weights, and the optimiser.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from _rows import Row, print_rows

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from killing import Run, differing_metrics, differing_weights, moments
from verirl.tiny import make_tiny_model

PHASES = ("checkpoint", "evaluation", "sampling and learning")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=24, help="at least so many (default 24)")
    parser.add_argument("--steps", type=int, default=48, help="steps of a run (default 48)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    args = parser.parse_args()
    kills: Counter[str] = Counter()
    metrics: list[str] = []
    weights: list[str] = []
    when = moments(args.seed)
    runs = 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        model = make_tiny_model(folder / "model", seed=1, hidden=32, spread=0.2)
        whole = Run(folder / "whole", model, steps=args.steps)
        whole.to_the_end()
        while kills.total() < args.kills:
            runs += 1
            run = Run(folder / f"killed-{runs}", model, steps=args.steps)
            code = None
            while code != 0 and kills.total() < args.kills:
                code, phase = run.stop(*next(when))
                if code < 0:
                    kills[phase] += 1
                elif code:
                    raise SystemExit(f"a resumed run failed: {run.error}")
            run.to_the_end()
            metrics += [f"run {runs}: {what}" for what in differing_metrics(run.folder, whole.folder)]
            weights += [f"run {runs}: {what}" for what in differing_weights(run.folder, whole.folder)]
    for line in [*metrics, *weights]:
        print(line, file=sys.stderr)
    rows = [
        Row("kills", kills.total()),
        *(Row(f"kills during {phase}", kills[phase]) for phase in PHASES),
        Row("resumes", kills.total()),
        Row("runs that were killed", runs),
        Row("metrics, samples and evaluations that differ from an undisturbed run's", len(metrics), 0, not metrics, 1),
        Row("weights and moments that differ from an undisturbed run's", len(weights), 0, not weights, 1),
    ]
    print_rows(f"SIGKILL and resume, {args.steps} steps of a tiny model on a CPU", rows)
    return 1 if metrics or weights else 0


if __name__ == "__main__":
    sys.exit(main())
