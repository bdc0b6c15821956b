"""Every guard on made-up histories: those that must be spoken of, ones near them that must not, and healthy runs."""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
from cli_helpers import call, read_lines, write_config

from builders import make_learner, random_batch, run_config, weights_of
from verirl.errors import RunError
from verirl.guards import STOP_STEPS, Alarm, Guard, heed, start_again
from verirl.learner import TorchLearner
from verirl.runlog import RunLog
from verirl.samplers.scripted import ScriptedSampler
from verirl.train import Unwatched, train
from verirl.types import Problem, Request, Trajectory, Verdict

Metrics = dict[str, float]


def healthy(seed: int, steps: int = 120, off_policy: bool = False) -> list[Metrics]:
    """Like runs that went well: reward rises, length and truncation fall, entropy goes down by a factor of ten."""
    draw = random.Random(seed)
    rows = []
    for step in range(1, steps + 1):
        rate = min(0.95, max(0.0, 0.1 + 0.7 * (1 - math.exp(-step / 20)) + draw.gauss(0, 0.06)))
        trained = sum(draw.random() < 0.25 + 2 * rate * (1 - rate) for _ in range(16))
        behind = off_policy and step % 10 != 1  # nothing is sampled ahead of a checkpoint
        row = {
            "reward_mean": rate,
            "pass_rate": rate,
            "length_mean": 60 + 40 * math.exp(-step / 30) + draw.gauss(0, 6),
            "truncated_rate": 0.7 * math.exp(-step / 8) + 0.05 * draw.random(),
            "groups_trained": float(trained),
            "groups_skipped": 16.0 - trained,
            "status/correct": round(128 * rate),
            "status/incorrect": 128.0 - round(128 * rate),
        }
        if trained:
            row |= {
                "loss": draw.gauss(0, 0.02),
                "grad_norm": 1.5 * draw.lognormvariate(0, 0.5),
                "entropy": 2.0 * math.exp(-min(step, 60) / 26) * draw.lognormvariate(0, 0.15),
                "drift_mean": (4e-3 if behind else 6e-6) * draw.lognormvariate(0, 0.2),
            }
        rows.append(row)
    return rows


def rare(seed: int, steps: int = 300) -> list[Metrics]:
    """Rewards so rare that most steps teach nothing, until within a few steps they are not: from one group to all."""
    draw = random.Random(seed)
    rows = []
    for step in range(1, steps + 1):
        chance = 0.01 if step < steps / 2 else min(1.0, 0.01 + (step - steps / 2) / 4)
        trained = sum(draw.random() < chance for _ in range(64))
        row = {"groups_trained": float(trained), "groups_skipped": 64.0 - trained, "reward_mean": chance / 8}
        if trained:  # the gradients of one success may point the same way: the norm then grows with their number
            share = trained / 64
            row |= {"loss": draw.gauss(0, 0.3) * share, "grad_norm": 2000 * share * draw.lognormvariate(0, 0.2)}
        rows.append(row)
    return rows


def alarms(rows: Iterable[Metrics]) -> list[Alarm]:
    guard = Guard()
    return [alarm for step, row in enumerate(rows, start=1) for alarm in guard.see(step, row)]


def said(rows: Iterable[Metrics]) -> list[tuple[int, str]]:
    return [(alarm.step, alarm.name) for alarm in alarms(rows)]


def with_values(name: str, values: dict[int, float], **options: Any) -> list[Metrics]:
    """A healthy run in which a metric has other values in some steps."""
    rows = healthy(seed=1, **options)
    for step, value in values.items():
        rows[step - 1][name] = value
    return rows


def steps(first: int, last: int, value: float) -> dict[int, float]:
    return dict.fromkeys(range(first, last + 1), value)


@pytest.mark.parametrize("off_policy", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_a_healthy_run_is_silent(seed: int, off_policy: bool) -> None:
    assert alarms(healthy(seed, off_policy=off_policy)) == []


@pytest.mark.parametrize("seed", range(50))
def test_rare_rewards_never_stop_a_run(seed: int) -> None:
    found = alarms(rare(seed))
    assert not any(alarm.stops for alarm in found)
    assert [alarm.name for alarm in found if alarm.name not in ("loss", "grad_norm")] == ["unused_groups"]


FIRES: dict[str, tuple[str, dict[int, float], dict[str, Any], tuple[int, str]]] = {
    "drift in float32": ("drift_mean", steps(60, 70, 1e-3), {}, (61, "drift")),
    "drift off policy": ("drift_mean", steps(60, 70, 4e-2), {"off_policy": True}, (61, "drift")),
    "drift from the start": ("drift_mean", steps(1, 120, 0.6), {}, (2, "drift")),
    "drift that creeps": (
        "drift_mean",
        {step: 4e-3 * 1.03 ** max(0, step - 10) for step in range(1, 121)},
        {},
        (113, "drift"),
    ),
    "entropy": ("entropy", steps(40, 120, 0.02), {}, (42, "entropy")),
    "length": ("length_mean", steps(60, 70, 150.0), {}, (62, "length")),
    "truncation that rises": ("truncated_rate", steps(60, 70, 0.45), {}, (62, "truncation")),
    "truncation that stays": ("truncated_rate", steps(1, 40, 0.6), {}, (10, "truncation")),
    "loss": ("loss", steps(60, 63, 3.0), {}, (61, "loss")),
    "loss below": ("loss", steps(60, 63, -3.0), {}, (61, "loss")),
    "absurd loss": ("loss", steps(1, 4, 1e9), {}, (2, "loss")),
    "gradient": ("grad_norm", steps(60, 63, 500.0), {}, (61, "grad_norm")),
}
SILENT: dict[str, tuple[str, dict[int, float], dict[str, Any]]] = {
    "one step of drift": ("drift_mean", {60: 1e-3}, {}),
    "rounding": ("drift_mean", steps(60, 70, 9e-5), {}),
    "drift twice as large": ("drift_mean", steps(60, 70, 1e-2), {"off_policy": True}),
    "low entropy in two steps": ("entropy", steps(40, 41, 0.02), {}),
    "entropy of sure answers": ("entropy", steps(40, 120, 0.06), {}),
    "entropy that began low": ("entropy", steps(1, 120, 0.03), {}),
    "long responses in two steps": ("length_mean", steps(60, 61, 150.0), {}),
    "length that doubles slowly": ("length_mean", {step: 60 + step for step in range(1, 121)}, {}),
    "short responses that double": ("length_mean", {step: 10.0 + 20 * (step > 60) for step in range(1, 121)}, {}),
    "some truncation": ("truncated_rate", steps(60, 120, 0.28), {}),
    "truncation for nine steps": ("truncated_rate", steps(1, 9, 0.6), {}),
    "one large loss": ("loss", {60: 300.0}, {}),
    "a loss below one": ("loss", steps(60, 120, 0.9), {}),
    "one spike of the gradient": ("grad_norm", {60: 1e5}, {}),
    "a larger gradient": ("grad_norm", steps(60, 120, 10.0), {}),
}


@pytest.mark.parametrize("case", FIRES)
def test_what_is_spoken_of_and_once(case: str) -> None:
    metric, values, options, (step, name) = FIRES[case]
    found = said(with_values(metric, values, **options))
    assert found[0] == (step, name) and len(found) == 1


@pytest.mark.parametrize("case", SILENT)
def test_what_is_near_it_is_not(case: str) -> None:
    metric, values, options = SILENT[case]
    assert said(with_values(metric, values, **options)) == []


def groups(trained: float, reward: float, count: int = 30) -> list[Metrics]:
    return [{"groups_trained": trained, "groups_skipped": 16 - trained, "reward_mean": reward}] * count


def test_groups_that_teach_nothing() -> None:
    (hard,) = alarms(groups(1, 0.01))
    assert (hard.step, hard.name) == (10, "unused_groups") and "94% of the groups" in hard.text
    assert "too hard" in hard.text and "verirl sft" in hard.text
    (easy,) = alarms(groups(0, 0.97))
    assert "too easy" in easy.text and "too hard" not in easy.text
    assert alarms(groups(2, 0.01)) == []  # 87.5%
    assert alarms(groups(0, 0.01, 9)) == []


def faults(count: float, steps: int) -> list[Metrics]:
    return [{"status/infrastructure_error": count, "status/correct": 64 - count, "reward_mean": 0.5}] * steps


def test_infrastructure_errors() -> None:
    assert alarms(faults(6, 50)) == []
    assert said(faults(7, 50)) == [(1, "infrastructure")]
    assert not any(alarm.stops for alarm in alarms(faults(63, 50)))
    assert said(faults(64, 2)) == [(1, "infrastructure")]
    stop = alarms(faults(64, 3))[-1]
    assert stop.stops and stop.step == 3 and "no sample of the last 3 steps" in stop.text
    assert not any(alarm.stops for alarm in alarms([*faults(64, 2), *faults(60, 1), *faults(64, 2)]))


def test_the_words_of_a_warning() -> None:
    ((alarm),) = alarms(with_values("entropy", steps(40, 120, 0.02)))
    for words in ("entropy fell to 0.02 nats a token, from 1.", "at the start", "Try loss.entropy_coef"):
        assert words in alarm.text
    assert not alarm.text.endswith(".")  # whoever shows it ends the sentence


def test_again_only_after_it_was_well() -> None:
    def found(gap: int) -> list[tuple[int, str]]:
        return said(with_values("entropy", {**steps(40, 45, 0.02), **steps(46 + gap, 120, 0.02)}))

    # Three low steps in a row are an alarm, so a gap of n has n + 2 steps without one.
    assert found(7) == [(42, "entropy")]
    assert found(8) == [(42, "entropy"), (56, "entropy")]


def test_never_a_flood() -> None:
    """Whatever the values: each thing at most once in `CALM` steps."""
    draw = random.Random(0)
    names = healthy(0)[0].keys() | {"loss", "grad_norm", "entropy", "drift_mean"}
    rows = [{name: 10 ** draw.uniform(-8, 8) for name in names} for _ in range(300)]
    found = [alarm for alarm in alarms(rows) if not alarm.stops]
    for name in {alarm.name for alarm in found}:
        at = [alarm.step for alarm in found if alarm.name == name]
        assert all(later - before > 10 for before, later in itertools.pairwise(at))


@pytest.mark.parametrize("metric", ["loss", "grad_norm"])
def test_what_explodes_stops_when_it_persists(metric: str) -> None:
    value = {"loss": 5.0, "grad_norm": 900.0}[metric]
    found = alarms(with_values(metric, steps(60, 60 + STOP_STEPS - 1, value)))
    assert [(alarm.step, alarm.stops) for alarm in found] == [(61, False), (64, True)]
    assert found[-1].healthy_until == 58  # the weights after step 59 are those that gave the loss of step 60
    assert not any(alarm.stops for alarm in alarms(with_values(metric, steps(60, 60 + STOP_STEPS - 2, value))))


def test_steps_without_learning_do_not_calm_an_explosion() -> None:
    rows = with_values("loss", steps(60, 70, 5.0))
    for step in (61, 63):
        for name in ("loss", "grad_norm", "entropy", "drift_mean"):
            del rows[step - 1][name]
    assert next(step for step, name in said(rows) if name == "exploded") == 66


def test_a_checkpoint_waits_while_it_explodes() -> None:
    guard = Guard(dict(row, step=step) for step, row in enumerate(healthy(1)[:60], start=1))
    assert not guard.exploding
    guard.see(61, {"loss": 5.0, "grad_norm": 1.0})
    assert guard.exploding  # at once, before it is said
    guard.see(62, {"reward_mean": 0.0})
    assert not guard.exploding  # nothing was learned
    guard.see(63, {"loss": 0.01, "grad_norm": 1.0})
    assert not guard.exploding


@pytest.mark.parametrize("case", FIRES)
@pytest.mark.parametrize("cut", [1, 12, 41, 60, 61, 66])
def test_a_resumed_run_says_the_same(case: str, cut: int) -> None:
    metric, values, options, _ = FIRES[case]
    rows = with_values(metric, values, **options)
    logged = [json.loads(json.dumps({"step": step, **row})) for step, row in enumerate(rows[:cut], start=1)]
    guard = Guard(logged)
    rest = [alarm for step, row in enumerate(rows[cut:], start=cut + 1) for alarm in guard.see(step, row)]
    assert rest == [alarm for alarm in alarms(rows) if alarm.step > cut]


# ---------------------------------------------------------------------------------------------------------- in a run


def checkpoints(folder: Path, *steps: int) -> Path:
    for step in steps:
        (folder / "checkpoints" / f"step-{step:06d}").mkdir(parents=True)
    return folder / "checkpoints"


def test_a_stop_names_the_last_good_checkpoint(tmp_path: Path) -> None:
    folder = checkpoints(tmp_path, 8, 10, 12)
    alarm = Alarm(step=14, name="exploded", text="the loss is 7", stops=True, healthy_until=10)
    with pytest.raises(
        RunError, match=rf"^step 14: the loss is 7\. .*--model.name {folder}/step-000010 --name ANOTHER"
    ):
        heed([alarm], RunLog(tmp_path), Unwatched())
    assert read_lines(tmp_path / "warnings.jsonl") == [{"step": 14, "name": "exploded", "text": "the loss is 7"}]
    assert "no good checkpoint yet" in start_again(folder, until=7)
    assert "step-000012" in start_again(folder)


class Listens(Unwatched):
    def __init__(self) -> None:
        self.heard: list[tuple[int, str]] = []

    def warning(self, step: int, name: str, text: str) -> None:
        self.heard.append((step, name))


class Killed(Exception):
    pass


class Kills(Listens):
    def step(self, step: int, metrics: dict[str, float]) -> None:
        if step == 13:
            raise Killed


class Alike:
    """Every reward the same: nothing to learn, which is worth a warning at step 10."""

    def score(self, problem: Problem, trajectories: list[Trajectory]) -> list[Verdict]:
        from builders import verdict

        return [verdict(0.0) for _ in trajectories]


class Broken:
    def score(self, problem: Problem, trajectories: list[Trajectory]) -> list[Verdict]:
        from builders import verdict

        return [verdict(None) for _ in trajectories]


def script(request: Request, index: int) -> tuple[list[int], str, list[float]]:
    return [5, 6], "x", [-4.5, -4.5]


@pytest.fixture
def run(sharp_model: Path, tmp_path: Path) -> Callable[..., Path]:
    def go(name: str, watcher: Unwatched, reward: Any, steps: int = 15) -> Path:
        from builders import problem

        config = run_config(
            sharp_model,
            steps=steps,
            rollout={"problems_per_step": 1, "group_size": 2, "max_tokens": 4},
            checkpoint={"every": 4},
        )
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        learner = make_learner(config, folder / "checkpoints")
        train(
            config,
            [problem()],
            ScriptedSampler(script),
            reward,
            learner,
            lambda problem, max_tokens: [10],
            RunLog(folder),
            watcher,
        )
        return folder

    return go


def test_warnings_are_logged_and_told_and_survive_a_kill(run: Callable[..., Path]) -> None:
    whole = Listens()
    # Long enough that one who had forgotten the first steps would say it again.
    expected = read_lines(run("whole", whole, Alike(), 23) / "warnings.jsonl")
    assert whole.heard == [(10, "unused_groups")]
    assert [(line["step"], line["name"]) for line in expected] == whole.heard

    cut, again = Kills(), Listens()
    with pytest.raises(Killed):
        run("cut", cut, Alike(), 23)
    folder = run("cut", again, Alike(), 23)  # from step 12 on
    assert cut.heard == whole.heard and again.heard == []
    assert read_lines(folder / "warnings.jsonl") == expected


def test_a_warning_of_a_step_that_is_done_again_is_dropped(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    for step in (3, 5):
        log.warning(step, "drift", "x")
    log.drop_after(4)
    assert [line["step"] for line in read_lines(tmp_path / "warnings.jsonl")] == [3]


def test_three_steps_without_a_verdict_stop_the_run(run: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"step 3: no sample of the last 3 steps could be verified.*--resume"):
        run("run", Listens(), Broken())
    assert [line["step"] for line in read_lines(tmp_path / "run/metrics.jsonl")] == [1, 2, 3]


# ------------------------------------------------------------------------------------------------------- not finite


def poison(learner: TorchLearner) -> None:
    with torch.no_grad():
        learner.trained[0].view(-1)[7] = torch.nan


def bytes_of(learner: TorchLearner) -> dict[str, bytes]:
    """To the bit, so that NaN equals itself."""
    return {name: tensor.numpy().tobytes() for name, tensor in weights_of(learner).items()}


def test_a_loss_that_is_not_finite_with_a_gradient_that_is(
    sharp_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A NaN in a constant part of the loss has no gradient, and would go unseen by the norm."""
    import verirl.learner as module

    learner = make_learner(run_config(sharp_model), tmp_path)
    before, optimizer = bytes_of(learner), json.dumps(learner.optimizer.state_dict(), default=str)
    plain = module.policy_loss

    def with_nan(*args: Any, **kwargs: Any) -> Any:
        output = plain(*args, **kwargs)
        return type(output)(loss=output.loss + torch.tensor(math.nan), metrics=output.metrics)

    monkeypatch.setattr(module, "policy_loss", with_nan)
    with pytest.raises(RunError, match=r"the loss is not finite, so no weight was changed"):
        learner.step(random_batch(seed=0))
    assert bytes_of(learner) == before and learner.updates == 0
    assert json.dumps(learner.optimizer.state_dict(), default=str) == optimizer
    assert all(parameter.grad is None for parameter in learner.trained)


def test_weights_that_an_update_breaks_are_not_used(sharp_model: Path, tmp_path: Path) -> None:
    learner = make_learner(run_config(sharp_model, optimizer={"learning_rate": 1e38, "warmup_steps": 0}), tmp_path)
    with pytest.raises(RunError, match="the weights are no longer finite"):
        learner.step(random_batch(seed=0))


@pytest.mark.parametrize("verb", ["train", "sft"])
def test_poisoned_weights_end_a_run(
    tmp_path: Path, tiny_model: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    name = {"train": "step", "sft": "sft_step"}[verb]
    plain = getattr(TorchLearner, name)
    kept: dict[str, Any] = {}

    def poisoned(self: TorchLearner, batch: Any) -> dict[str, float]:
        if self.updates:
            poison(self)
            kept.update(learner=self, before=bytes_of(self))
        metrics: dict[str, float] = plain(self, batch)
        return metrics

    monkeypatch.setattr(TorchLearner, name, poisoned)
    config = write_config(tmp_path, tiny_model)
    # A coin for a reward, so that there is something to learn; a checkpoint after the first step.
    words = ["--checkpoint.every", 1, "--reward.kind", "random", "--rollout.group_size", 8, "--steps", 5]
    done = call(capfd, verb, config, *words)
    good = tmp_path / "runs/c/checkpoints/step-000001"
    assert done.code == 2 and len(done.err.splitlines()) == 1, done
    assert done.err.startswith("verirl: the loss is not finite, so no weight was changed.")
    assert f"--model.name {good} --name ANOTHER" in done.err
    assert [path.name for path in good.parent.iterdir()] == [good.name]
    assert bytes_of(kept["learner"]) == kept["before"]
    assert [line["step"] for line in read_lines(tmp_path / "runs/c/metrics.jsonl")] == [1]
    # What the message says to do works.
    monkeypatch.setattr(TorchLearner, name, plain)
    again = call(capfd, verb, config, *words[2:], "--model.name", good, "--name", "again", "--json")
    assert again.code == 0, again
