"""TensorBoard's and wandb's files, read back; what fails on the way; and the command line with both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cli_helpers import call, read_lines, write_config

from builders import run_config
from verirl import sinks as module
from verirl.config import RunConfig
from verirl.errors import ConfigError
from verirl.runlog import RunLog, check_run, open_run
from verirl.sinks import Sinks, TensorBoardSink, WandbSink

Told = list[tuple[int, str, str]]
PATIENCE = 60  # seconds; a busy machine is slow


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No network, no login, no reports of errors, nothing of the user's."""
    for name, value in {
        "WANDB_MODE": "offline",
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_CONFIG_DIR": str(tmp_path / "wandb-config"),
        "WANDB_CACHE_DIR": str(tmp_path / "wandb-cache"),
        "WANDB_DATA_DIR": str(tmp_path / "wandb-data"),
        "WANDB__DISABLE_STATS": "true",
        "WANDB__DISABLE_MACHINE_INFO": "true",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def config(sharp_model: Path) -> RunConfig:
    return run_config(sharp_model, logging={"tensorboard": True, "wandb": "counting"})


def log_steps(folder: Path, config: RunConfig, done: int, *steps: int, shift: float = 0.0) -> Told:
    """A session of a run that was saved at step `done`; loss is the step's number and `shift`."""
    told: Told = []
    with Sinks(config, folder, lambda *warning: told.append(warning)) as sinks:
        log = RunLog(folder, sinks)
        log.drop_after(done)
        for step in steps:
            log.step(step, {"loss": step + shift, "status/correct": 3.0})
        sinks.step(steps[-1], {"eval/greedy": 0.25})
        log.summary({"after": {"greedy": 0.25}, "seconds": 9.0})
    return told


def tensorboard_scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def wandb_records(file: Path) -> tuple[list[Any], dict[str, list[float]]]:
    """Run records and history of a .wandb file, once it is whole: wandb's process writes the end of it when `finish` has
    returned already."""
    patience = time.monotonic() + PATIENCE
    while True:
        runs, history, ended = read_wandb(file)
        if ended:
            return runs, history
        assert time.monotonic() < patience, "wandb does not end its file"
        time.sleep(0.02)


def read_wandb(file: Path) -> tuple[list[Any], dict[str, list[float]], bool]:
    """leveldb's log format: blocks of 32 KiB after a header of 7 bytes. Also whether the last record, `exit`, is there."""
    from wandb.proto import wandb_internal_pb2

    raw, at, whole, ended = file.read_bytes(), 7, b"", False
    runs: list[Any] = []
    history: defaultdict[str, list[float]] = defaultdict(list)
    while at + 7 <= len(raw):
        left = 32768 - at % 32768
        length, kind = int.from_bytes(raw[at + 4 : at + 6], "little"), raw[at + 6]
        if left < 7 or kind == 0:  # padding of a block
            at += left
            continue
        if at + 7 + length > len(raw):  # it is being written
            break
        whole += raw[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # a whole record, or the end of one
            record = wandb_internal_pb2.Record.FromString(whole)
            whole = b""
            if record.WhichOneof("record_type") == "run":
                runs.append(record.run)
            ended = ended or record.WhichOneof("record_type") == "exit"
            for item in record.history.item:
                history[item.key or "/".join(item.nested_key)].append(json.loads(item.value_json))
    return runs, history, ended


def test_tensorboard_holds_every_step_once_after_a_resume(tmp_path: Path, config: RunConfig) -> None:
    config = config.model_copy(update={"logging": config.logging.model_copy(update={"wandb": None})})
    assert log_steps(tmp_path, config, 0, 1, 2, 3, 4) == []
    assert tensorboard_scalars(tmp_path)["loss"] == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)]
    assert log_steps(tmp_path, config, 2, 3, 4, 5, shift=0.5) == []  # killed after 4, saved at 2
    scalars = tensorboard_scalars(tmp_path)
    assert scalars["loss"] == [(1, 1.0), (2, 2.0), (3, 3.5), (4, 4.5), (5, 5.5)]
    assert scalars["status/correct"] == [(step, 3.0) for step in range(1, 6)]
    assert scalars["eval/greedy"] == [(5, 0.25)]


def test_wandb_goes_on_with_the_same_run(
    tmp_path: Path, config: RunConfig, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openai", ModuleType("openai"))  # vLLM imports it, and wandb advertises for that
    config = config.model_copy(update={"logging": config.logging.model_copy(update={"tensorboard": False})})
    assert log_steps(tmp_path, config, 0, 1, 2, 3, 4) == []
    assert log_steps(tmp_path, config, 2, 3, 4, 5, shift=0.5) == []
    assert capfd.readouterr() == ("", "")  # standard output is ours
    files = sorted(tmp_path.glob("wandb/offline-run-*/*.wandb"), key=lambda file: file.stat().st_mtime)
    (first, before), (second, after) = (wandb_records(file) for file in files)
    name = (tmp_path / "wandb/run-id").read_text()
    for run in (*first, *second):
        assert run.run_id == name and run.project == "counting" and run.display_name == tmp_path.name
    held = {item.key: json.loads(item.value_json) for item in first[0].config.update}
    assert held["rollout"]["group_size"] == config.rollout.group_size
    assert before["loss"] == [1.0, 2.0, 3.0, 4.0] and before["step"] == [1, 2, 3, 4, 4]
    assert after["loss"] == [3.5, 4.5, 5.5] and after["step"] == [3, 4, 5, 5]  # none is refused for going back
    assert before["eval/greedy"] == [0.25] and before["status/correct"] == [3.0] * 4


def test_nothing_is_left_where_nothing_was_logged(tmp_path: Path, config: RunConfig) -> None:
    """A start that fails stays no run, so the next is not refused."""
    run = tmp_path / "run"
    with pytest.raises(ZeroDivisionError), Sinks(config, run, lambda *warning: None) as sinks:
        open_run(run, config, False, sinks).drop_after(0)
        raise ZeroDivisionError
    check_run(run, config, resume=False)


class Broken:
    """Works until it is told of a step."""

    name = "broken"

    def __init__(self, where: str) -> None:
        self.where = where
        self.calls: list[str] = []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name == self.where:
            raise ConnectionError("the network\nis down")

    def open(self, folder: Path, config: RunConfig, done: int) -> None:
        self._call("open")

    def step(self, step: int, metrics: Mapping[str, float]) -> None:
        self._call("step")

    def summary(self, summary: Mapping[str, Any]) -> None:
        self._call("summary")

    def close(self, failed: bool) -> None:
        self._call("close")


@pytest.mark.parametrize(
    ("where", "calls"),
    [
        ("open", ["open"]),
        ("step", ["open", "step", "close"]),
        ("summary", ["open", "step", "step", "step", "summary", "close"]),
        ("close", ["open", "step", "step", "step", "summary", "close", "close"]),
    ],
)
def test_a_sink_that_fails_warns_once_and_costs_nothing(
    tmp_path: Path, sharp_model: Path, monkeypatch: pytest.MonkeyPatch, where: str, calls: list[str]
) -> None:
    broken, other = Broken(where), Broken("")
    made = iter([broken, other])
    monkeypatch.setattr(module, "TensorBoardSink", lambda: next(made))
    monkeypatch.setattr(module, "WandbSink", lambda project: next(made))
    told = log_steps(tmp_path, run_config(sharp_model, logging={"tensorboard": True, "wandb": "p"}), 0, 1, 2)
    ((_, name, text),) = told
    assert name == "broken" and "broken failed (ConnectionError: the network)" in text
    assert broken.calls == calls
    assert other.calls == ["open", "step", "step", "step", "summary", "close"]
    assert [line["loss"] for line in read_lines(tmp_path / "metrics.jsonl")] == [1.0, 2.0]
    assert json.loads((tmp_path / "summary.json").read_text())["seconds"] == 9.0


def test_an_interruption_is_no_failure_of_a_sink(
    tmp_path: Path, sharp_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(Broken):
        def step(self, step: int, metrics: Mapping[str, float]) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "TensorBoardSink", lambda: Interrupted(""))
    with pytest.raises(KeyboardInterrupt):
        log_steps(tmp_path, run_config(sharp_model, logging={"tensorboard": True}), 0, 1)


@pytest.mark.parametrize(("package", "key"), [("tensorboard", "tensorboard"), ("wandb", "wandb")])
def test_a_missing_package_is_said_at_once(monkeypatch: pytest.MonkeyPatch, package: str, key: str) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=rf"`logging\.{key}` needs {package}: pip install 'verirl\[{package}\]'\.$"):
        TensorBoardSink() if package == "tensorboard" else WandbSink("p")


def test_without_a_login_wandb_is_refused_at_once(tmp_path: Path, tiny_model: Path) -> None:
    """In a process of its own: a login lasts as long as the process, and a terminal would be asked."""
    config = write_config(tmp_path, tiny_model)
    command = [sys.executable, "-m", "verirl.cli", "train", str(config), "--logging.wandb", "p"]

    hidden = ("WANDB_MODE", "WANDB_API_KEY")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"NETRC": str(tmp_path / "none"), "HOME": str(tmp_path), "WANDB_BASE_URL": "http://127.0.0.1:9"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 2 and done.stdout == ""
    assert "`logging.wandb`: no login" in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


def test_both_on_the_command_line(tmp_path: Path, tiny_model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config = write_config(tmp_path, tiny_model)
    words = ["train", config, "--logging.tensorboard", "--logging.wandb", "p", "--json"]
    done = call(capfd, *words, "--steps", 1)
    assert done.code == 0 and done.err == "", done
    assert [line["event"] for line in done.json] == ["step", "summary"]
    # What it is logged to may change when it goes on.
    resumed = call(capfd, *words[:3], "--resume", "--json")
    assert resumed.code == 0 and resumed.err == "", resumed
    run = tmp_path / "runs/c"
    scalars = tensorboard_scalars(run)
    lines = read_lines(run / "metrics.jsonl")
    assert scalars["length_mean"] == [(line["step"], pytest.approx(line["length_mean"])) for line in lines]
    assert {step for step, _ in scalars["eval/greedy"]} == {step for step, _ in scalars["eval/sampled"]} == {0, 1, 2}
    (file,) = run.glob("wandb/offline-run-*/*.wandb")
    _, history = wandb_records(file)
    assert history["length_mean"] == [lines[0]["length_mean"]] and len(history["eval/greedy"]) == 2


def test_a_warm_start_is_logged_too(tmp_path: Path, tiny_model: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config = write_config(tmp_path, tiny_model)
    done = call(capfd, "sft", config, "--logging.tensorboard", "--json")
    assert done.code == 0 and done.err == "", done
    losses = [(line["step"], pytest.approx(line["loss"])) for line in read_lines(tmp_path / "runs/c/metrics.jsonl")]
    assert tensorboard_scalars(tmp_path / "runs/c")["loss"] == losses
