"""Ctrl-C and SIGTERM: never within a step, unless asked twice; what was done is saved, and going on is exact."""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from builders import make_learner, problem, run_config, verdict
from killing import timeless
from verirl.interrupt import Interruption
from verirl.learner import TorchLearner
from verirl.models import load_tokenizer
from verirl.runlog import RunLog, checkpoint_step, list_checkpoints, read_jsonl
from verirl.samplers.scripted import ScriptedSampler
from verirl.sft import make_example_encoder, sft
from verirl.train import Unwatched, train
from verirl.types import Group, Problem, Request, Trajectory, Verdict

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])

# -------------------------------------------------------------------------------------------------------- signals


@BOTH
def test_at_once_where_nothing_is_deferred(number: signal.Signals) -> None:
    reached = False
    with pytest.raises(KeyboardInterrupt), Interruption().listen():
        signal.raise_signal(number)
        reached = True
    assert not reached


@BOTH
def test_a_deferred_block_ends_first(number: signal.Signals) -> None:
    told: list[str] = []
    reached: list[str] = []
    interruption = Interruption(lambda: told.append("wait"))
    with pytest.raises(KeyboardInterrupt), interruption.listen():
        with interruption.deferred():
            signal.raise_signal(number)
            reached.append("the block's end")
        reached.append("beyond it")
    assert told == ["wait"] and reached == ["the block's end"]


@BOTH
def test_a_second_signal_does_not_wait(number: signal.Signals) -> None:
    reached: list[str] = []
    interruption = Interruption()
    with pytest.raises(KeyboardInterrupt), interruption.listen(), interruption.deferred():
        signal.raise_signal(signal.SIGINT)
        reached.append("the first waits")
        signal.raise_signal(number)
        reached.append("the second does not")
    assert reached == ["the first waits"]


def test_an_error_in_a_deferred_block_is_not_hidden() -> None:
    interruption = Interruption()
    with pytest.raises(ValueError, match="of its own"), interruption.listen(), interruption.deferred():
        signal.raise_signal(signal.SIGINT)
        raise ValueError("of its own")


def test_handlers_are_given_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interruption().listen():
        assert signal.getsignal(signal.SIGINT) != before[0] and signal.getsignal(signal.SIGTERM) != before[1]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_another_thread_changes_nothing() -> None:
    before = signal.getsignal(signal.SIGINT)
    found: list[Any] = []

    def listen() -> None:
        with Interruption().listen():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert found == [before]


# ------------------------------------------------------------------------------------------------------- training

STEPS = 7
PROBLEMS = [problem(f"p{i}", text=f"{i}") for i in range(5)]


class Scripted(ScriptedSampler):
    """Random tokens, from the request's seed and the policy's version, so that other weights give another batch."""

    def __init__(self) -> None:
        super().__init__(self.tokens)

    def tokens(self, request: Request, index: int) -> tuple[list[int], str, list[float]]:
        draw = random.Random(f"{request.seed} {self.version}")
        tokens = [draw.randrange(3, 90) for _ in range(draw.randint(1, request.max_tokens))]
        return tokens, " ".join(map(str, tokens)), [-4.5 + draw.random() for _ in tokens]


class Coin:
    def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        return [verdict(float(sum(trajectory.token_ids) % 2 == 0)) for trajectory in trajectories]


class Signals(Unwatched):
    """A watcher that sends a signal when a step is told of, which is within the step: the checkpoint comes after it."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at

    def step(self, step: int, metrics: dict[str, float]) -> None:
        if step == self.at:
            signal.raise_signal(signal.SIGINT)


class Trained:
    """A run in a folder; called again it goes on, as a new process would."""

    def __init__(self, folder: Path, model: Path, **sections: Any) -> None:
        defaults: dict[str, Any] = {
            "steps": STEPS,
            "rollout": {"problems_per_step": 3, "group_size": 4, "max_tokens": 5},
            "optimizer": {"learning_rate": 1e-3},
            "checkpoint": {"every": 3, "keep": 10},
        }
        self.config = run_config(model, **{**defaults, **sections})
        self.folder = folder
        folder.mkdir()

    def __call__(self, watcher: Any = None, evaluate: Any = None, learner: Any = None) -> TorchLearner:
        learner = learner or make_learner(self.config, self.folder / "checkpoints")
        with Interruption().listen() as interruption:
            train(
                self.config,
                PROBLEMS,
                Scripted(),
                Coin(),
                learner,
                lambda problem, max_tokens: [10 + ord(letter) % 50 for letter in problem.id],
                RunLog(self.folder),
                watcher or Signals(),
                evaluate or (lambda step: None),
                interruption,
            )
        return learner

    @property
    def steps(self) -> list[int]:
        return [line["step"] for line in read_jsonl(self.folder / "metrics.jsonl")]

    @property
    def saved(self) -> int:
        return checkpoint_step(list_checkpoints(self.folder / "checkpoints"))


def assert_equal(run: Trained, learner: TorchLearner, whole: Trained, expected: TorchLearner) -> None:
    assert timeless(run.folder) == timeless(whole.folder)
    for step in range(1, STEPS + 1):
        name = f"rollouts/step-{step:06d}.jsonl"
        assert (run.folder / name).read_text() == (whole.folder / name).read_text()
    for (name, tensor), (_, other) in zip(learner.weights(), expected.weights(), strict=True):
        assert torch.equal(tensor, other), name


@pytest.fixture
def run_in(sharp_model: Path, tmp_path: Path) -> Callable[..., Trained]:
    return lambda name, **sections: Trained(tmp_path / name, sharp_model, **sections)


@pytest.mark.parametrize("off_policy", [False, True])
@pytest.mark.parametrize("step", [1, 3, 5])
def test_an_interrupted_step_ends_and_is_saved(run_in: Callable[..., Trained], step: int, off_policy: bool) -> None:
    rollout = {"problems_per_step": 3, "group_size": 4, "max_tokens": 5, "off_policy": off_policy}
    whole, cut = run_in("whole", rollout=rollout), run_in("cut", rollout=rollout)
    expected = whole()
    with pytest.raises(KeyboardInterrupt, match=f"step {step} is saved; --resume goes on from there"):
        cut(Signals(step))
    assert cut.steps == list(range(1, step + 1)) and cut.saved == step
    assert_equal(cut, cut(), whole, expected)


def test_while_sampling(run_in: Callable[..., Trained]) -> None:
    """The step that is being sampled is given up; the one before it is saved."""

    class Interrupts(Signals):
        groups = 0

        def group(self, group: Group) -> None:
            self.groups += 1
            if self.groups == 3 * 4 + 2:
                signal.raise_signal(signal.SIGTERM)

    whole, cut = run_in("whole"), run_in("cut")
    expected = whole()
    with pytest.raises(KeyboardInterrupt, match="step 4 is saved"):
        cut(Interrupts())
    assert cut.steps == [1, 2, 3, 4]
    assert_equal(cut, cut(), whole, expected)


def test_before_the_first_step_there_is_nothing_to_save(run_in: Callable[..., Trained]) -> None:
    run = run_in("run")
    with pytest.raises(KeyboardInterrupt) as caught:
        run(evaluate=lambda step: signal.raise_signal(signal.SIGINT))
    assert str(caught.value) == "" and run.saved == 0


class Impatient(TorchLearner):
    """Two signals while step 5 is learned from: the weights have changed, and nothing else has."""

    def step(self, batch: Any) -> dict[str, float]:
        metrics = super().step(batch)
        if self.updates == 5:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return metrics


@pytest.mark.parametrize("off_policy", [False, True])
def test_a_step_that_was_broken_off_is_not_saved(run_in: Callable[..., Trained], off_policy: bool) -> None:
    rollout = {"problems_per_step": 3, "group_size": 4, "max_tokens": 5, "off_policy": off_policy}
    whole, cut = run_in("whole", rollout=rollout), run_in("cut", rollout=rollout)
    expected = whole()
    made = make_learner(cut.config, cut.folder / "checkpoints")
    with pytest.raises(KeyboardInterrupt, match="step 3 is saved"):
        cut(learner=Impatient(made.model, made.tokenizer, cut.config, made.checkpoints))
    assert cut.saved == 3  # the schedule's
    assert_equal(cut, cut(), whole, expected)


def test_while_evaluating(run_in: Callable[..., Trained]) -> None:
    """The step's checkpoint is there, and is rated once its evaluation has been done again."""
    whole, cut = (run_in(name, eval={"every": 2}) for name in ("whole", "cut"))
    expected = whole(evaluate=lambda step: 1 / (1 + abs(step - 4)))

    def interrupted(step: int) -> float:
        if step == 4:
            signal.raise_signal(signal.SIGINT)
        return 0.1

    with pytest.raises(KeyboardInterrupt, match="step 4 is saved"):
        cut(evaluate=interrupted)
    assert_equal(cut, cut(evaluate=lambda step: 1 / (1 + abs(step - 4))), whole, expected)
    assert [(run.folder / "checkpoints" / "best").readlink().name for run in (whole, cut)] == ["step-000004"] * 2


# ------------------------------------------------------------------------------------------------------ warm start


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_warm_start_is_interrupted_alike(sharp_model: Path, tmp_path: Path, step: int) -> None:
    config = run_config(
        sharp_model,
        steps=5,
        sft={"sequence_tokens": 32, "rows_per_step": 2},
        optimizer={"learning_rate": 1e-2},
        checkpoint={"every": 2},
    )
    encode = make_example_encoder(load_tokenizer(config.model), 32)
    chats = [[{"role": "user", "content": f"{i}?"}, {"role": "assistant", "content": f"{i}{i}."}] for i in range(9)]
    examples = [encode(chat, "") for chat in chats]

    def run(name: str, watcher: Signals) -> TorchLearner:
        (tmp_path / name).mkdir(exist_ok=True)
        learner = make_learner(config, tmp_path / name / "checkpoints")
        with Interruption().listen() as interruption:
            sft(config, examples, learner, RunLog(tmp_path / name), watcher, interruption)
        return learner

    expected = run("whole", Signals())
    with pytest.raises(KeyboardInterrupt, match=f"step {step} is saved; --resume goes on from there"):
        run("cut", Signals(step))
    assert checkpoint_step(list_checkpoints(tmp_path / "cut" / "checkpoints")) == step
    found = run("cut", Signals())
    assert timeless(tmp_path / "cut") == timeless(tmp_path / "whole")
    for (name, tensor), (_, other) in zip(found.weights(), expected.weights(), strict=True):
        assert torch.equal(tensor, other), name
