"""`verirl contrast`: the same run under several rewards, and one report."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from verirl.config import load_config
from verirl.display import Display, TrainingDisplay
from verirl.errors import RunError

LINES = "contrast.jsonl"  # a line for each evaluation of each arm


def contrast(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> int:
    """The exit code is 1 where a part failed: the others are done, and the report says what is missing."""
    from verirl.contrast.arm import MEASURES
    from verirl.contrast.jobs import run_parts
    from verirl.contrast.plan import make_plan
    from verirl.contrast.report import contrast_table, write_contrast_report
    from verirl.demonstrations import make_start_model
    from verirl.runlog import check_run, open_run, read_jsonl, write_jsonl

    config = load_config(Path(args.config), overrides, "verirl contrast CONFIG.toml")
    folder = Path(config.runs_dir) / (args.name or Path(args.config).stem)
    plan = make_plan(config, folder)
    check_run(folder, config, args.resume)
    open_run(folder, config, args.resume)

    def collect() -> None:
        lines = [
            {key: value for key, value in line.items() if key != "samples"}
            for seed in config.contrast.seeds
            for arm in plan.arms
            for line in read_jsonl(plan.arm_folder(seed, arm) / MEASURES)
        ]
        write_jsonl(folder / LINES, lines)

    if steps := config.contrast.demonstrations.steps:
        watcher = TrainingDisplay(display, steps, 0, 0)
        make_start_model(config, plan.rater(plan.wish).phrases, folder / "start", watcher)
        watcher.close()
    parts = len(config.contrast.seeds) * (1 + len(plan.arms))
    with display.bar("arms", parts) as bar:

        def done(seed: int, arm: str | None) -> None:
            collect()
            bar.advance(1, f"seed {seed}: {arm or 'reward models'}")
            if args.json:
                print(json.dumps({"event": "part", "seed": seed, "arm": arm}), flush=True)

        failures = run_parts(plan, done)
    if len(failures) == len(config.contrast.seeds) and all(failure.arm is None for failure in failures):
        raise RunError(f"no arm could start: {failures[0]}")
    report = write_contrast_report(plan, [str(failure) for failure in failures])
    analysis = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    display.result({"event": "summary", "run": str(folder), **analysis}, contrast_table(analysis))
    for failure in failures:
        display.note(f"failed: {failure}")
    display.note(f"report: {report}")
    return 1 if failures else 0


def is_contrast(folder: Path) -> bool:
    return (folder / LINES).is_file()


def rewrite_report(folder: Path) -> Path:
    """The report of a contrast that was run before, from what is in its folder. Returns its path."""
    from verirl.contrast.plan import make_plan
    from verirl.contrast.report import write_contrast_report

    summary = folder / "summary.json"
    failures = json.loads(summary.read_text(encoding="utf-8")).get("failures", []) if summary.is_file() else []
    return write_contrast_report(make_plan(load_config(folder / "config.toml"), folder), failures)
