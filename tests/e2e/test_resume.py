"""A run that is killed, interrupted or stopped at any moment and gone on with is the run that was left alone, bit for
bit: real processes of the real command line, HF sampling and vLLM."""

from __future__ import annotations

import signal
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import pytest

from killing import Run, differing_metrics, differing_weights, moments, timeless

STEPS = 16


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, sharp_model: Path) -> Path:
    run = Run(tmp_path_factory.mktemp("undisturbed"), sharp_model)
    run.to_the_end()
    assert run.steps == list(range(1, STEPS + 1))
    assert all(line["groups_trained"] > 0 for line in timeless(run.folder))
    return run.folder


def assert_same(run: Run, undisturbed: Path) -> None:
    assert differing_metrics(run.folder, undisturbed) == []
    assert differing_weights(run.folder, undisturbed) == []


def test_killed_and_resumed(undisturbed: Path, tmp_path: Path, sharp_model: Path) -> None:
    run = Run(tmp_path, sharp_model)
    stopped = [run.stop(when, delay) for when, delay in islice(moments(seed=1), 3)]
    print([phase for _, phase in stopped], run.steps)
    assert all(code == -signal.SIGKILL for code, _ in stopped)
    run.to_the_end()
    assert_same(run, undisturbed)
    checkpoints = [
        sorted(path.name for path in (folder / "checkpoints").iterdir()) for folder in (run.folder, undisturbed)
    ]
    assert checkpoints[0] == checkpoints[1]
    best = [(folder / "checkpoints" / "best").readlink() for folder in (run.folder, undisturbed)]
    assert best[0] == best[1]


def test_interrupted_and_resumed(undisturbed: Path, tmp_path: Path, sharp_model: Path) -> None:
    """Ctrl-C, then SIGTERM with an impatient second one, each in a process of its own."""
    run = Run(tmp_path, sharp_model)
    for how, after, times in ((signal.SIGINT, 3, 1), (signal.SIGTERM, 8, 2)):
        code, _ = run.stop(lambda run, after=after: len(run.steps) >= after, 0.0, how, times)
        assert code == 130, run.error
        *_, sentence = run.error.splitlines()
        newest = int(run.checkpoints()[-1].removeprefix("step-"))
        saved = f"verirl: interrupted; step {newest} is saved; --resume goes on from there."
        if times == 1:
            assert sentence == saved and run.steps[-1] == newest >= after  # nothing that was done is done again
        else:  # the second one may have come while the step was saved, and that does not wait, either
            assert sentence in (saved, "verirl: interrupted; --resume goes on from the newest checkpoint.")
        assert "Traceback" not in run.error and len(run.steps) < STEPS
    run.to_the_end()
    assert_same(run, undisturbed)


@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed")
def test_killed_and_resumed_with_vllm(tmp_path: Path, sharp_model: Path) -> None:
    """The kill comes right after an evaluation, which the resumed run finds done: its first samples must not be others
    for what the evaluation left in vLLM's prefix cache."""
    whole, run = (Run(tmp_path / name, sharp_model, steps=12, sampler="vllm") for name in ("whole", "cut"))
    whole.to_the_end()
    code, _ = run.stop(lambda run: len(run.steps) >= 7, 0.0)
    assert code == -signal.SIGKILL and run.checkpoints()[-1] >= "step-000006"
    run.to_the_end()
    assert_same(run, whole.folder)
