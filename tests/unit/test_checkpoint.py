"""Checkpoints: which are kept, what a kill or a full disk does to them, and that nothing saved is ever lost."""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from cli_helpers import all_files, call

from builders import make_learner, random_batch, run_config, weights_of
from killing import Run, differing_metrics, differing_weights, file_size_limit, leftovers, timeless
from verirl.cli import main
from verirl.errors import RunError
from verirl.learner import TorchLearner
from verirl.runlog import RunLog, append_jsonl, list_checkpoints, open_run, read_jsonl, write_atomically

Make = Callable[..., TorchLearner]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def learner_of(sharp_model: Path, tmp_path: Path) -> Make:
    def make(folder: str = "checkpoints", **sections: Any) -> TorchLearner:
        return make_learner(run_config(sharp_model, **sections), tmp_path / folder)

    return make


def names(learner: TorchLearner) -> list[int]:
    """Steps of the checkpoints, once it is seen that nothing else but the link lies beside them."""
    found = list_checkpoints(learner.checkpoints)
    assert {path.name for path in learner.checkpoints.iterdir()} - {"best"} == {path.name for path in found}
    return [int(path.name.removeprefix("step-")) for path in found]


def best(learner: TorchLearner) -> str | None:
    link = learner.checkpoints / "best"
    return link.readlink().name if link.is_symlink() else None


# --------------------------------------------------------------------------------------------------- newest and best


def test_the_newest_and_the_best_are_kept(learner_of: Make) -> None:
    learner = learner_of(checkpoint={"keep": 2})
    kept = []
    for step, score in enumerate([0.1, 0.5, 0.3, 0.2, 0.4, 0.6, 0.1], start=1):
        learner.save(step, {})
        learner.rate(step, score)
        kept.append((names(learner), best(learner)))
    assert kept == [
        ([1], "step-000001"),
        ([1, 2], "step-000002"),
        ([2, 3], "step-000002"),
        ([2, 3, 4], "step-000002"),
        ([2, 4, 5], "step-000002"),
        ([5, 6], "step-000006"),
        ([6, 7], "step-000006"),
    ]


def test_unrated_checkpoints_push_the_best_out_no_more_than_rated_ones(learner_of: Make) -> None:
    learner = learner_of(checkpoint={"keep": 1})
    learner.save(1, {})
    learner.rate(1, 0.0)
    for step in (2, 3):
        learner.save(step, {})
    assert names(learner) == [1, 3] and best(learner) == "step-000001"


def test_the_newest_among_equals_is_the_best(learner_of: Make) -> None:
    learner = learner_of(checkpoint={"keep": 5})
    for step in (1, 2, 3):
        learner.save(step, {})
        learner.rate(step, 0.5)
    assert best(learner) == "step-000003"


def test_a_rating_changes_nothing_else(learner_of: Make) -> None:
    learner = learner_of()
    learner.step(random_batch(seed=0))
    learner.save(1, {"position": 16})
    before = all_files(learner.checkpoints / "step-000001")
    learner.rate(1, 0.25)
    after = all_files(learner.checkpoints / "step-000001")
    states = [json.loads(files.pop("trainer.json")) for files in (before, after)]
    assert before == after and states[1] == {**states[0], "score": 0.25}
    assert learner.resume() == (1, {"position": 16})


def test_the_best_that_was_deleted_is_followed_by_the_next_best(learner_of: Make) -> None:
    learner = learner_of(checkpoint={"keep": 5})
    for step, score in ((1, 0.2), (2, 0.1), (3, 0.3)):
        learner.save(step, {})
        learner.rate(step, score)
    shutil.rmtree(learner.checkpoints / "step-000003")
    assert learner.resume()[0] == 2 and best(learner) == "step-000001"


# ------------------------------------------------------------------------------------------------------------- kills


def test_a_kill_while_an_old_checkpoint_is_removed(learner_of: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def half(folder: Path, ignore_errors: bool = False) -> None:
        if not (folder / "trainer.json").exists():  # the scratch folder that has just become a checkpoint
            return
        (folder / "trainer.json").unlink()
        raise Killed

    learner = learner_of(checkpoint={"keep": 1})
    learner.save(1, {})
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(shutil, "rmtree", half)
        learner.save(2, {"position": 7})
    again = learner_of(checkpoint={"keep": 1})
    assert again.resume() == (2, {"position": 7})
    again.save(3, {})
    assert names(again) == [3]


def test_a_broken_newest_checkpoint_is_named_and_the_one_before_it_serves(learner_of: Make) -> None:
    learner = learner_of(optimizer={"learning_rate": 1e-2}, checkpoint={"keep": 5})
    learner.step(random_batch(seed=0))
    learner.save(1, {"position": 3})
    saved = weights_of(learner)
    learner.step(random_batch(seed=1))
    learner.save(2, {"position": 6})
    file = learner.checkpoints / "step-000002" / "optimizer.pt"
    file.write_bytes(file.read_bytes()[:1000])
    again = learner_of(optimizer={"learning_rate": 1e-2})
    with pytest.raises(RunError, match=r"step-000002 .*delete that folder to go on from the checkpoint before it\.$"):
        again.resume()
    shutil.rmtree(learner.checkpoints / "step-000002")
    assert again.resume() == (1, {"position": 3}) and again.updates == 1
    assert all(torch.equal(tensor, saved[name]) for name, tensor in again.weights())


@pytest.mark.parametrize(
    ("package", "sections", "lora"),
    [
        ("peft", {}, {"lora_rank": 2}),
        ("bitsandbytes", {"optimizer": {"kind": "adamw_8bit", "learning_rate": 1e-2}}, {}),
        ("torch", {"loss": {"kl_coef": 0.1}}, {}),
    ],
)
def test_resume_is_exact_for(
    package: str, sections: dict[str, Any], lora: dict[str, int], sharp_model: Path, tmp_path: Path
) -> None:
    """Adapters, moments in 8 bits, and a frozen reference, which stays the model that the run started with."""
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    config = run_config(sharp_model, **{"optimizer": {"learning_rate": 1e-2}, **sections})
    config = config.model_copy(update={"model": config.model.model_copy(update=lora)})

    def learner_in(folder: str) -> TorchLearner:
        torch.manual_seed(0)  # adapters start at random
        return make_learner(config, tmp_path / folder)

    batches = [random_batch(seed=i) for i in range(4)]
    straight, first = learner_in("a"), learner_in("b")
    metrics = [straight.step(batch) for batch in batches]
    for batch in batches[:2]:
        first.step(batch)
    first.save(2, {})
    second = learner_in("b")
    second.resume()
    assert [second.step(batch) for batch in batches[2:]] == metrics[2:]
    for (name, tensor), (_, other) in zip(straight.weights(), second.weights(), strict=True):
        assert torch.equal(tensor, other), name


def test_what_came_after_the_checkpoint_is_forgotten(tmp_path: Path) -> None:
    """Its metrics, samples and evaluations speak of weights that are gone."""
    for step in (2, 10, 11):
        append_jsonl(tmp_path / "metrics.jsonl", {"step": step})
        append_jsonl(tmp_path / "rollouts" / f"step-{step:06d}.jsonl", {"step": step})
        for suffix in ("json", "jsonl"):
            append_jsonl(tmp_path / "eval" / f"step-{step:06d}.{suffix}", {})
    RunLog(tmp_path).drop_after(10)
    assert [line["step"] for line in read_jsonl(tmp_path / "metrics.jsonl")] == [2, 10]
    assert sorted(all_files(tmp_path)) == [
        "eval/step-000002.json", "eval/step-000002.jsonl", "eval/step-000010.json", "eval/step-000010.jsonl",
        "metrics.jsonl", "rollouts/step-000002.jsonl", "rollouts/step-000010.jsonl",
    ]  # fmt: skip


@pytest.mark.parametrize("resume", [False, True])
def test_a_kill_while_the_first_file_is_written(sharp_model: Path, tmp_path: Path, resume: bool) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".env.json.tmp").write_text('{"time": "20')
    open_run(tmp_path / "run", run_config(sharp_model), resume)
    assert sorted(all_files(tmp_path / "run")) == ["config.toml", "env.json"]


def test_fewer_checkpoints_may_be_kept_when_the_disk_is_full(sharp_model: Path, tmp_path: Path) -> None:
    open_run(tmp_path / "run", run_config(sharp_model, checkpoint={"keep": 5}), resume=False)
    append_jsonl(tmp_path / "run" / "metrics.jsonl", {"step": 1})
    open_run(tmp_path / "run", run_config(sharp_model, checkpoint={"keep": 1}), resume=True)
    with pytest.raises(RunError, match=r"`checkpoint\.every` was 10 and is now 5"):
        open_run(tmp_path / "run", run_config(sharp_model, checkpoint={"keep": 1, "every": 5}), resume=True)


# --------------------------------------------------------------------------------------------------------- full disk


def size(path: Path) -> int:
    return path.stat().st_size


@pytest.mark.parametrize("part", ["model.safetensors", "optimizer.pt", "trainer.json"])
def test_a_checkpoint_on_a_full_disk(learner_of: Make, part: str) -> None:
    learner = learner_of(checkpoint={"keep": 1})
    learner.step(random_batch(seed=0))
    learner.save(1, {"position": 3})
    before = all_files(learner.checkpoints)
    if part == "trainer.json":  # the last to be written, and made larger than all the others here
        limit = max(map(size, (learner.checkpoints / "step-000001").iterdir()))
        place = {"position": "9" * (limit + 1)}
    else:
        limit, place = size(learner.checkpoints / "step-000001" / part) - 1, {"position": "6"}
    with file_size_limit(limit), pytest.raises(RunError) as caught:
        learner.save(2, place)
    sentence = str(caught.value)
    assert sentence.startswith(f"checkpoint of step 2 cannot be written to {learner.checkpoints} (")
    assert "--resume" in sentence and "\n" not in sentence
    assert all_files(learner.checkpoints) == before and names(learner) == [1]
    assert learner.resume() == (1, {"position": 3})


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(folder)]
    if (
        os.geteuid()
        or shutil.which("mount") is None
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("this process may not mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_really_full(sharp_model: Path, small_disk: Path) -> None:
    config = run_config(sharp_model, checkpoint={"keep": 9}, optimizer={"learning_rate": 1e-2})
    learner = make_learner(config, small_disk / "checkpoints")
    learner.step(random_batch(seed=0))
    learner.save(1, {"position": 3})
    ballast = small_disk / "ballast"
    taken = sum(map(len, all_files(learner.checkpoints).values()))
    refused = []
    # What is left for the second one ends within each of its files in turn.
    for part in range(0, taken * 9 // 10, taken // 12):
        gc.collect()  # the last error holds a file that is deleted and not yet closed
        disk = os.statvfs(small_disk)
        ballast.write_bytes(bytes(max(0, disk.f_bavail * disk.f_frsize - part)))
        try:
            learner.save(2, {"position": 6})
        except RunError as error:
            refused.append(str(error))
        ballast.unlink()
        assert names(learner) == [1] and learner.resume() == (1, {"position": 3})
    assert len(refused) >= 10 and all("--resume" in sentence and "\n" not in sentence for sentence in refused)
    learner.save(2, {"position": 6})
    assert learner.resume() == (2, {"position": 6})


@pytest.mark.parametrize("text", ["short", "x" * 5000])
def test_a_file_is_replaced_whole_or_stays(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    write_atomically(path, "before")
    with file_size_limit(100):
        if len(text) > 100:
            with pytest.raises(RunError, match=r"a\.json cannot be written \(File too large\)"):
                write_atomically(path, text)
        else:
            write_atomically(path, text)
    assert all_files(tmp_path) == {"a.json": b"before" if len(text) > 100 else text.encode()}


def test_a_line_cut_short_is_left_out_and_written_again(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    for step in (1, 2):
        append_jsonl(path, {"step": step})
    with file_size_limit(size(path) + 5), pytest.raises(RunError, match="cannot be written"):
        append_jsonl(path, {"step": 3, "loss": 0.5})
    assert size(path) == 2 * len('{"step": 1}\n') + 5  # it is cut short indeed
    assert read_jsonl(path) == [{"step": 1}, {"step": 2}]
    RunLog(tmp_path).drop_after(2)
    append_jsonl(path, {"step": 3})
    assert read_jsonl(path) == [{"step": 1}, {"step": 2}, {"step": 3}]


SMALL = ("--rollout.group-size", "8", "--eval.every", "0", "--checkpoint.every", "0")
FEW, MANY = ("--eval.problems", "2"), ("--eval.problems", "8")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, sharp_model: Path) -> dict[tuple[str, str], tuple[Path, Run]]:
    """For few and for many evaluated problems: a run of three steps, and one of twelve."""

    def trained(*words: str) -> Run:
        run = Run(tmp_path_factory.mktemp("undisturbed"), sharp_model)
        assert main(["train", str(run.config), *SMALL, *words, "--json"]) == 0
        return run

    return {evals: (trained(*evals, "--steps", "3").folder, trained(*evals, "--steps", "12")) for evals in (FEW, MANY)}


@pytest.mark.parametrize(
    ("evals", "named", "limit"),
    [
        (FEW, "env.json", lambda run: size(run / "env.json") - 1),
        (FEW, "rollouts/step-000004.jsonl", lambda run: size(run / "rollouts/step-000004.jsonl") - 1),
        (FEW, "metrics.jsonl", lambda run: size(run / "metrics.jsonl") - 300),
        (FEW, "checkpoint of step 12", lambda run: size(run / "checkpoints/step-000012/optimizer.pt") - 1),
        (MANY, "eval/step-000000.jsonl", lambda run: size(run / "eval/step-000000.jsonl") - 300),
    ],
)
def test_a_run_on_a_full_disk_goes_on_exactly(
    evals: tuple[str, str],
    named: str,
    limit: Callable[[Path], int],
    undisturbed: dict[tuple[str, str], tuple[Path, Run]],
    tmp_path: Path,
    sharp_model: Path,
    capfd: Capture,
) -> None:
    """It was to end after three steps, and is made longer: what it has is kept, the last evaluation included."""
    three, whole = undisturbed[evals]
    run = Run(tmp_path, sharp_model)
    words = ["train", run.config, "--resume", *SMALL, *evals, "--steps", "12"]
    if evals == FEW:
        shutil.copytree(three, run.folder, symlinks=True)
        config = run.folder / "config.toml"
        config.write_text(config.read_text().replace(str(three.parent), str(tmp_path)))
    before = all_files(run.folder) if run.folder.exists() else {}
    with file_size_limit(limit(whole.folder)):
        done = call(capfd, *words)
    sentence = done.err.splitlines()[-1]
    assert done.code == 2 and done.out == "" and "Traceback" not in done.err
    assert sentence.startswith("verirl: ") and named in sentence and "cannot be written" in sentence
    assert "--resume" in sentence and leftovers(run.folder) == []
    after = all_files(run.folder)
    kept = [name for name in before if name.split("/")[0] in ("checkpoints", "eval", "rollouts")]
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    if "metrics.jsonl" in before:
        assert after["metrics.jsonl"].startswith(before["metrics.jsonl"])
    assert call(capfd, *words).code == 0
    evaluation = run.folder / "eval" / "step-000003.jsonl"
    if evals == FEW:
        assert evaluation.read_bytes() == before["eval/step-000003.jsonl"]
        for path in (evaluation, evaluation.with_suffix(".json")):  # which a run of twelve steps has not
            path.unlink()
    assert differing_metrics(run.folder, whole.folder) == []
    assert differing_weights(run.folder, whole.folder) == []


def test_a_last_evaluation_that_was_cut_is_finished_when_the_run_is_made_longer(
    undisturbed: dict[tuple[str, str], tuple[Path, Run]], tmp_path: Path, sharp_model: Path, capfd: Capture
) -> None:
    three, whole = undisturbed[MANY]
    run = Run(tmp_path, sharp_model)
    shutil.copytree(three, run.folder, symlinks=True)
    config = run.folder / "config.toml"
    config.write_text(config.read_text().replace(str(three.parent), str(tmp_path)))
    evaluation = run.folder / "eval" / "step-000003.jsonl"
    text = evaluation.read_text()
    evaluation.write_text(text[: len(text) // 2])
    assert call(capfd, "train", run.config, "--resume", *SMALL, *MANY, "--steps", "12").code == 0
    assert evaluation.read_text() == text
    assert timeless(run.folder) == timeless(whole.folder)
