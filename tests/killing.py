"""Runs of the real command line that are stopped in the middle and gone on with, and what must be the same then."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

CONFIG = """
steps = {steps}
runs_dir = "{folder}"
threads = 1
[task]
name = "{task}:Coin"
[model]
name = "{model}"
[rollout]
problems_per_step = 3
group_size = 4
max_tokens = 5
[sampler]
kind = "{sampler}"
max_num_seqs = 12
memory_gib = 0.1
[optimizer]
learning_rate = 1e-3
[reward]
workers = 1
[eval]
problems = 8
samples = 2
every = 6
[checkpoint]
every = 4
keep = 2
"""
TASK = Path(__file__).with_name("coin_task.py")
PATIENCE = 300.0  # seconds for anything at all to happen; a busy machine is slow


class Run:
    """One run folder, and the process that is at work in it, if any."""

    def __init__(self, folder: Path, model: Path, steps: int = 16, sampler: str = "hf", extra: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "c.toml"
        self.config.write_text(
            CONFIG.format(folder=folder, task=TASK, model=model, steps=steps, sampler=sampler) + extra
        )
        self.folder = folder / "c"
        self.error = ""

    @contextlib.contextmanager
    def process(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """`verirl train`, in a process group of its own; `--resume` starts a run where there is none."""
        command = [sys.executable, "-m", "verirl.cli", "train", str(self.config), "--resume", *words]
        with (self.config.parent / "stderr.txt").open("w+") as err:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=err,
                text=True,
                start_new_session=True,
            )
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()
                err.seek(0)
                self.error = err.read()

    def to_the_end(self, *words: str) -> None:
        with self.process(*words) as process:
            assert process.wait(PATIENCE) == 0, self.error
        assert not leftovers(self.folder), leftovers(self.folder)

    def stop(
        self, when: Callable[[Run], bool], delay: float, how: signal.Signals = signal.SIGKILL, times: int = 1
    ) -> tuple[int, str]:
        """Starts the run, waits until it is at work and `when` holds, and `delay` seconds more, then sends the signal.

        Returns the exit code and the phase that the process was in. Ctrl-C goes to the whole process group, as on a
        terminal.
        """
        begun = time.time_ns()
        with self.process() as process:
            patience = time.monotonic() + PATIENCE
            while process.poll() is None and not (self.at_work(begun) and when(self)):
                assert time.monotonic() < patience, "nothing happens"
                time.sleep(0.0005)
            time.sleep(delay)
            phase = "ended"
            if process.poll() is None:
                os.kill(process.pid, signal.SIGSTOP)  # the phase is looked up while nothing moves
                phase = self.phase()
                if how is not signal.SIGKILL:
                    os.kill(process.pid, signal.SIGCONT)
                for number in range(times):
                    time.sleep(0.01 if number else 0.0)
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, how)
            process.wait(PATIENCE)
        return process.returncode, phase

    def at_work(self, since: int) -> bool:
        """Whether this process has opened the run: its config is written anew by each."""
        with contextlib.suppress(OSError):
            return (self.folder / "config.toml").stat().st_mtime_ns > since
        return False

    @property
    def steps(self) -> list[int]:
        """Steps on record: whole lines, since the run may be writing the last one."""
        with contextlib.suppress(OSError):
            lines = (self.folder / "metrics.jsonl").read_text().splitlines(keepends=True)
            return [json.loads(line)["step"] for line in lines if line.endswith("\n")]
        return []

    def checkpoints(self) -> list[str]:
        folder = self.folder / "checkpoints"
        return sorted(path.name for path in folder.glob("step-*")) if folder.is_dir() else []

    def saving(self) -> bool:
        return any((self.folder / "checkpoints").glob(".step-*"))

    def evaluating(self) -> bool:
        """Whether the newest evaluation misses lines (it has 8 problems, a greedy and 2 sampled responses each)."""
        files = sorted(self.folder.glob("eval/step-*.json"))
        lines = files[-1].with_suffix(".jsonl") if files else None
        return lines is not None and (not lines.exists() or lines.read_text().count("\n") < 24)

    def phase(self) -> str:
        if self.saving():
            return "checkpoint"
        return "evaluation" if self.evaluating() else "sampling and learning"


def moments(seed: int) -> Iterator[tuple[Callable[[Run], bool], float]]:
    """When to kill, without end: at any time, while a checkpoint is written, while an evaluation runs."""
    draw = random.Random(seed)
    while True:
        yield lambda run: True, draw.uniform(0, 1.5)
        yield Run.saving, draw.uniform(0, 0.02)
        yield Run.evaluating, draw.uniform(0, 0.05)


def leftovers(folder: Path) -> list[str]:
    """What nobody needs once a run is over: scratch files and folders."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(".*"))


def timeless(folder: Path) -> list[dict[str, Any]]:
    """metrics.jsonl without the clock's part of it."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    clock = ("seconds/", "tokens_per_second")
    return [{key: value for key, value in line.items() if not key.startswith(clock)} for line in lines]


def differing_metrics(one: Path, other: Path) -> list[str]:
    """Names of what is not equal to the bit: metrics by step, samples, evaluations, and the summary's pass rates."""
    a, b = timeless(one), timeless(other)
    found = [f"metrics of step {line['step']}" for line, twin in zip(a, b, strict=False) if line != twin]
    if len(a) != len(b):
        found.append(f"{len(a)} steps and {len(b)}")
    for kind in ("rollouts", "eval"):
        names = {path.name for folder in (one, other) for path in (folder / kind).iterdir()}
        for name in sorted(names):
            texts = [path.read_bytes() if (path := folder / kind / name).exists() else b"" for folder in (one, other)]
            if texts[0] != texts[1]:
                found.append(f"{kind}/{name}")
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in (one, other)]
    found += [f"summary: {key}" for key in ("before", "after", "difference") if summaries[0][key] != summaries[1][key]]
    return found


def differing_weights(one: Path, other: Path) -> list[str]:
    """Names of tensors, the optimiser's too, that are not equal to the bit, in any checkpoint that both have.

    The trainer's other state is compared, too, and the last checkpoint must be there in both.
    """
    folders = [folder / "checkpoints" for folder in (one, other)]
    names = [sorted(path.name for path in folder.glob("step-*")) for folder in folders]
    found = [] if names[0][-1:] == names[1][-1:] else [f"the last checkpoints, {names[0]} and {names[1]}"]
    for name in set(names[0]) & set(names[1]):
        a, b = ({**load_file(folder / name / "model.safetensors"), **_optimizer(folder / name)} for folder in folders)
        wrong = [key for key in a.keys() | b.keys() if not (key in a and key in b and _same(a[key], b[key]))]
        if (folders[0] / name / "trainer.json").read_text() != (folders[1] / name / "trainer.json").read_text():
            wrong.append("trainer.json")
        found += [f"{name}: {key}" for key in sorted(wrong)]
    return found


def _same(a: Any, b: Any) -> bool:
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else bool(a == b)


def _optimizer(folder: Path) -> dict[str, Any]:
    state = torch.load(folder / "optimizer.pt", weights_only=True)
    flat = {f"{number}.{key}": value for number, each in state["state"].items() for key, value in each.items()}
    return {**flat, "groups": state["param_groups"]}


@contextlib.contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file of this process can grow beyond `size` bytes: a full disk that needs neither root nor a disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
