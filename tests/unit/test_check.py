"""`verirl task check`: each flaw is named, by its code and with what to do, and sound tasks of every shape pass."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_helpers import call
from flawed_tasks import FLAWED, SOUND

FILE = Path(__file__).with_name("flawed_tasks.py")


@pytest.mark.parametrize("task", SOUND, ids=lambda task: task.__name__)
def test_a_sound_task_holds(task: type, capfd: pytest.CaptureFixture[str]) -> None:
    called = call(capfd, "task", "check", f"{FILE}:{task.__name__}", "--json")
    (result,) = called.json
    assert called.code == 0 and result["holds"] and result["findings"] == []
    assert all(row["holds"] is not False for row in result["checks"])


@pytest.mark.parametrize("task", FLAWED, ids=lambda task: task.__name__)
def test_a_flaw_is_named(task: type, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    if task.__name__ == "Sleeps":
        monkeypatch.setattr("verirl.check.WALL_SECONDS", 2.0)
    if "Hang" in task.__name__:
        monkeypatch.setattr("verirl.check.SLOW_SECONDS", 0.5)
        monkeypatch.setattr("verirl.check.PREPARE_SECONDS", 0.5)
    called = call(capfd, "task", "check", f"{FILE}:{task.__name__}", "--json")
    (result,) = called.json
    assert called.code == 1 and not result["holds"]
    assert (task.__doc__ or "").split()[0] in {finding["code"] for finding in result["findings"]}
    assert all(finding["what"] and finding["advice"] for finding in result["findings"])


def test_there_are_twenty_flaws_and_six_sound_shapes() -> None:
    assert len(FLAWED) >= 20 and len(SOUND) >= 6


def test_people_see_the_problem_the_answer_and_the_plugins_own_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    called = call(capfd, "task", "check", f"{FILE}:ReferenceRaises")
    assert called.code == 1 and "KeyError: 'solution'" in called.out and "workers.py" not in called.out
    assert "Traceback" not in called.err
    called = call(capfd, "task", "check", f"{FILE}:TakesAnyNumber")
    assert "accepts-other" in called.out and "problem double-" in called.out and "→ compare with" in called.out


def test_a_signal_ends_it_with_a_sentence() -> None:
    command = [sys.executable, "-m", "verirl.cli", "task", "check", f"{FILE}:ProblemsHang"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not any(file.read_text() for file in Path(f"/proc/{process.pid}/task").glob("*/children")):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "verirl: interrupted.\n")


@pytest.mark.parametrize("task", ["math", "java2py", "debug"])
def test_the_built_in_tasks_hold(task: str, capfd: pytest.CaptureFixture[str]) -> None:
    called = call(capfd, "task", "check", task, "--json")
    assert called.code == 0, called.json


@pytest.mark.parametrize("extraction", ["number", "lenient"])
def test_math_holds_however_answers_are_read(extraction: str, capfd: pytest.CaptureFixture[str]) -> None:
    called = call(capfd, "task", "check", "math", "--config.extraction", extraction, "--json")
    assert called.code == 0, called.json


def test_an_unknown_task_or_key_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert "installed tasks" in call(capfd, "task", "check", "nosuch").refused()
    assert call(capfd, "task", "check", "math", "--config.nosuch", "1").code == 2
