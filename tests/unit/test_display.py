"""Progress: on a terminal it shows pass rate, speed and time left within 80 columns; in a pipe there is none of it."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from verirl import display as module
from verirl.display import Display, TrainingDisplay
from verirl.types import Group, Problem, Status, Trajectory, Verdict

PROBLEM = Problem(id="p", prompt=[], data={}, split="train")


def group(*statuses: Status) -> Group:
    return Group(
        problem=PROBLEM,
        trajectories=[Trajectory(text="", token_ids=[1] * 50) for _ in statuses],
        verdicts=[Verdict(status=status) for status in statuses],
    )


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Display:
    """A display that believes it has a terminal of 80 columns, and whose clock stands still."""
    display = Display()
    display.live = True
    monkeypatch.setattr(module.time, "monotonic", lambda: 100.0)
    return display


def shown(display: Display) -> list[str]:
    assert display.progress is not None
    console = Console(file=io.StringIO(), width=80)
    console.print(display.progress.get_renderable())
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_training_on_a_terminal(terminal: Display, monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal:
        watcher = TrainingDisplay(terminal, steps=12, done=2, samples_per_step=1024)
        watcher.group(group(Status.CORRECT, Status.INCORRECT, Status.INFRASTRUCTURE_ERROR))
        monkeypatch.setattr(module.time, "monotonic", lambda: 160.0)
        watcher.step(3, {"pass_rate": 0.4375, "tokens_per_second": 312.4})
        watcher.group(group(Status.CORRECT, Status.INCORRECT, Status.INFRASTRUCTURE_ERROR))
        monkeypatch.setattr(module.time, "monotonic", lambda: 162.0)
        watcher.group(group(Status.CORRECT))
        with terminal.bar("evaluating step 3", 1024):
            steps, samples, evaluating = shown(terminal)
        # 60 s for one of ten steps leave nine minutes, less the two seconds since
        assert "1/10" in steps and "pass 43.8%  312 tok/s" in steps and steps.endswith("8:58 left")
        # three of the four were the policy's, two of them right; 200 tokens in two seconds
        assert "4/1024" in samples and "pass 66.7%  100 tok/s" in samples and samples.endswith("8:30 left")
        assert "evaluating step 3" in evaluating and "0/1024" in evaluating
        watcher.close()
        assert shown(terminal) == []


def test_nothing_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with Display() as display:
        watcher = TrainingDisplay(display, 2, 0, 4)
        watcher.group(group(Status.CORRECT))
        watcher.step(1, {"loss": 0.5})
        with display.bar("verifying", 10) as bar:
            bar.advance(3)
        watcher.close()
        assert display.progress is None
    assert capsys.readouterr() == ("", "")


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    with Display(as_json=True) as display:
        watcher = TrainingDisplay(display, 2, 0, 0)
        watcher.step(1, {"loss": 0.5})
        watcher.warning(1, "drift", "far off")
        display.note("for people")
        display.result({"event": "summary"}, Table("a"))
    out, err = capsys.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == [
        {"event": "step", "step": 1, "loss": 0.5},
        {"event": "warning", "step": 1, "name": "drift", "text": "far off"},
        {"event": "summary"},
    ]
    assert err == ""


def test_a_warning_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    TrainingDisplay(Display(), 2, 0, 0).warning(4, "drift", "far off")
    assert capsys.readouterr() == ("", "warning: step 4: far off.\n")


def test_what_others_wrote_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("a [b]title[/b]")
    table.add_row("[/INST] :smile: [1, 2]")
    Display().result({}, table)
    out = capsys.readouterr().out
    assert "[/INST] :smile: [1, 2]" in out and "[b]title[/b]" in out


def test_progress_on_a_terminal_leaves_a_redirected_stdout_alone(tmp_path: Path) -> None:
    """`verirl score ... > verdicts.jsonl` at a terminal: rich would have sent the verdicts to the terminal."""
    path = tmp_path / "r.jsonl"
    entry = {"id": 1, "problem": {"answer": "2"}, "response": "\\boxed{2}"}
    path.write_text((json.dumps(entry) + "\n") * 300)
    master, slave = pty.openpty()
    seen = bytearray()

    def watch() -> None:
        try:
            while chunk := os.read(master, 1 << 16):
                seen.extend(chunk)
        except OSError:  # a terminal whose last user has gone
            pass

    watcher = threading.Thread(target=watch)
    watcher.start()
    command = [sys.executable, "-m", "verirl.cli", "score", "math", str(path), "--workers", "1"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=slave, env=environment, check=False)
    os.close(slave)
    watcher.join()
    os.close(master)
    assert done.returncode == 0 and len([json.loads(line) for line in done.stdout.splitlines()]) == 300
    assert b"verifying" in seen and b"status" not in seen
