"""The loop, with a scripted sampler and the real learner on a tiny model."""

from __future__ import annotations

import json
import math
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from builders import group, make_learner, problem, run_config, trajectory, verdict, weights_of
from verirl.config import RunConfig
from verirl.learner import TorchLearner
from verirl.rollout import Rollout
from verirl.runlog import RunLog, list_checkpoints, read_jsonl
from verirl.samplers.scripted import Script, ScriptedSampler
from verirl.train import Unwatched, rollout_metrics, train
from verirl.types import Group, Problem, Request, Status, Trajectory, Verdict

PROBLEMS = [problem(f"p{i}", text=f"{i}") for i in range(5)]


class Killed(Exception):
    pass


class Kills(Unwatched):
    """Pulls the plug once a step is done, before anything of it could be saved."""

    def __init__(self, after: int) -> None:
        self.after = after

    def step(self, step: int, metrics: dict[str, float]) -> None:
        if step == self.after:
            raise Killed


def script(request: Request, index: int) -> tuple[list[int], str, list[float]]:
    """Random tokens, from the request's seed alone."""
    draw = random.Random(request.seed)
    tokens = [draw.randrange(3, 90) for _ in range(draw.randint(1, request.max_tokens))]
    return tokens, " ".join(map(str, tokens)), [-4.5 + draw.random() for _ in tokens]


class Coin:
    """1 where the sum of the tokens is even."""

    def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        return [verdict(float(sum(trajectory.token_ids) % 2 == 0)) for trajectory in trajectories]


class Fixed:
    def __init__(self, *rewards: float | None) -> None:
        self.rewards = rewards

    def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        return [verdict(reward) for reward in self.rewards]


def encode(problem: Problem, max_tokens: int) -> list[int]:
    return [10 + ord(letter) % 50 for letter in problem.id]


def config_for(model: Path, **sections: Any) -> RunConfig:
    defaults: dict[str, Any] = {
        "steps": 6,
        "rollout": {"problems_per_step": 3, "group_size": 4, "max_tokens": 5},
        "optimizer": {"learning_rate": 1e-3},
        "checkpoint": {"every": 2, "keep": 10},
    }
    return run_config(model, **{**defaults, **sections})


class Run:
    """One run in a folder; called again it is the same run, resumed by a new process."""

    def __init__(self, folder: Path, config: RunConfig) -> None:
        self.folder = folder
        self.config = config
        self.evaluated: list[tuple[int, int]] = []  # step, version that the sampler held
        folder.mkdir(exist_ok=True)

    def __call__(
        self,
        reward: Any = None,
        watcher: Any = None,
        script: Script = script,
        evaluate: Callable[[int], float | None] = lambda step: None,
        prepare: Callable[[TorchLearner], None] = lambda learner: None,
    ) -> TorchLearner:
        learner = make_learner(self.config, self.folder / "checkpoints")
        prepare(learner)
        self.sampler = ScriptedSampler(script)

        def evaluate_and_note(step: int) -> float | None:
            self.evaluated.append((step, self.sampler.version))
            return evaluate(step)

        train(
            self.config,
            PROBLEMS,
            self.sampler,
            reward or Coin(),
            learner,
            encode,
            RunLog(self.folder),
            watcher or Unwatched(),
            evaluate_and_note,
        )
        return learner

    @property
    def metrics(self) -> list[dict[str, Any]]:
        return read_jsonl(self.folder / "metrics.jsonl")

    @property
    def timeless(self) -> list[dict[str, Any]]:
        return [
            {key: value for key, value in line.items() if not key.startswith("seconds/") and key != "tokens_per_second"}
            for line in self.metrics
        ]

    @property
    def checkpoints(self) -> list[str]:
        return [path.name for path in list_checkpoints(self.folder / "checkpoints")]


@pytest.fixture
def run_in(sharp_model: Path, tmp_path: Path) -> Callable[..., Run]:
    return lambda name="run", **sections: Run(tmp_path / name, config_for(sharp_model, **sections))


def test_what_a_run_writes(run_in: Callable[..., Run]) -> None:
    run = run_in()
    run()
    assert [line["step"] for line in run.metrics] == [1, 2, 3, 4, 5, 6]
    for line in run.metrics:
        assert {
            "reward_mean", "pass_rate", "length_mean", "truncated_rate", "loss", "grad_norm", "entropy", "drift_mean",
            "learning_rate", "groups_trained", "seconds/sample", "seconds/learn", "seconds/step", "tokens_per_second",
        } <= line.keys()  # fmt: skip
        assert all(math.isfinite(value) for value in line.values())

        rollouts = read_jsonl(run.folder / "rollouts" / f"step-{line['step']:06d}.jsonl")
        assert len(rollouts) == 12
        assert set(rollouts[0]) == {
            "step", "problem_id", "sample", "text", "tokens", "status", "reward", "advantage", "answer", "reason",
            "finish_reason",
        }  # fmt: skip
        assert [record["sample"] for record in rollouts] == [0, 1, 2, 3] * 3
        assert sum(record["reward"] for record in rollouts) / 12 == pytest.approx(line["reward_mean"])
        assert sum(record["tokens"] for record in rollouts) == line["tokens"]
        by_problem = [rollouts[start : start + 4] for start in (0, 4, 8)]
        for samples in by_problem:
            assert sum(record["advantage"] for record in samples) == pytest.approx(0, abs=1e-9)
            assert all((r["advantage"] > 0) >= (r["reward"] == 1.0) for r in samples if r["advantage"])


def test_problems_come_as_the_stream_says(run_in: Callable[..., Run]) -> None:
    run = run_in()
    run()
    seen = [
        record["problem_id"]
        for step in range(1, 7)
        for record in read_jsonl(run.folder / "rollouts" / f"step-{step:06d}.jsonl")
        if record["sample"] == 0
    ]
    assert sorted(seen[:5]) == sorted(seen[5:10]) == [problem.id for problem in PROBLEMS]


def test_the_sampler_gets_every_version(run_in: Callable[..., Run]) -> None:
    run = run_in()
    run()
    assert run.sampler.loaded == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("every", "evaluated", "saved", "checkpoints"),
    [
        (0, [0, 6], 0, [6]),
        (2, [0, 2, 4, 6], 2, [2, 4, 6]),
        (4, [0, 4, 6], 5, [4, 5, 6]),  # one at every evaluation, too
    ],
)
def test_when_it_evaluates_and_saves(
    run_in: Callable[..., Run], every: int, evaluated: list[int], saved: int, checkpoints: list[int]
) -> None:
    run = run_in(eval={"every": every}, checkpoint={"every": saved, "keep": 10})
    run()
    assert run.evaluated == [(step, step) for step in evaluated]  # with the weights of that step
    assert run.checkpoints == [f"step-{step:06d}" for step in checkpoints]


@pytest.mark.parametrize("killed_after", [1, 2, 3, 5])
def test_a_killed_and_resumed_run_equals_an_undisturbed_one(run_in: Callable[..., Run], killed_after: int) -> None:
    whole = run_in("whole")
    expected = weights_of(whole())

    cut = run_in("cut")
    with pytest.raises(Killed):
        cut(watcher=Kills(killed_after))
    assert [line["step"] for line in cut.metrics] == list(range(1, killed_after + 1))
    found = weights_of(cut())

    assert cut.timeless == whole.timeless
    assert all(torch.equal(tensor, expected[name]) for name, tensor in found.items())
    for step in range(1, 7):
        name = f"rollouts/step-{step:06d}.jsonl"
        assert (cut.folder / name).read_text() == (whole.folder / name).read_text()
    assert cut.checkpoints == whole.checkpoints


def test_a_line_of_metrics_that_a_kill_cut_is_made_again(run_in: Callable[..., Run]) -> None:
    whole, cut = run_in("whole"), run_in("cut")
    whole()
    with pytest.raises(Killed):
        cut(watcher=Kills(5))
    path = cut.folder / "metrics.jsonl"
    path.write_text(path.read_text()[:-30])
    cut()
    assert cut.timeless == whole.timeless
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_a_finished_run_is_not_gone_on_with(run_in: Callable[..., Run]) -> None:
    run = run_in()
    before = weights_of(run())
    lines = run.metrics
    after = weights_of(run())
    assert run.metrics == lines
    assert all(torch.equal(tensor, before[name]) for name, tensor in after.items())
    assert run.evaluated[-1] == (6, 6)


def test_more_steps_go_on_where_it_ended(run_in: Callable[..., Run]) -> None:
    whole = run_in("whole")
    expected = weights_of(whole())
    run_in("short", steps=4)()
    longer = run_in("short")
    found = weights_of(longer())
    assert longer.timeless == whole.timeless
    assert all(torch.equal(tensor, expected[name]) for name, tensor in found.items())


@pytest.mark.parametrize("reward", [0.0, 1.0, 0.5])
def test_rewards_that_are_all_equal_move_nothing(run_in: Callable[..., Run], reward: float) -> None:
    run = run_in(steps=2)
    start = weights_of(make_learner(run.config, run.folder / "none"))
    after = weights_of(run(Fixed(reward, reward, reward, reward)))
    assert all(torch.equal(tensor, start[name]) for name, tensor in after.items())
    for line in run.metrics:
        assert line["groups_trained"] == 0 and line["groups_skipped"] == 3
        assert line["reward_mean"] == reward
        assert "loss" not in line and "grad_norm" not in line  # nothing was learned, so nothing is claimed
    assert run.sampler.loaded == [0, 1, 2]


def test_samples_that_nobody_is_to_blame_for(run_in: Callable[..., Run]) -> None:
    run = run_in(steps=1)
    run(Fixed(1.0, None, 0.0, None))
    (line,) = run.metrics
    assert line["reward_mean"] == 0.5 and line["pass_rate"] == 0.5  # of the two that were scored
    assert line["status/infrastructure_error"] == 6 and line["status/correct"] == 3
    assert line["groups_trained"] == 3
    for record in read_jsonl(run.folder / "rollouts" / "step-000001.jsonl"):
        if record["status"] == "infrastructure_error":
            assert record["reward"] is None and record["advantage"] is None
        else:
            assert abs(record["advantage"]) == pytest.approx(0.5 / (math.sqrt(0.5) + 1e-4))


def test_a_step_in_which_nothing_was_scored(run_in: Callable[..., Run]) -> None:
    run = run_in(steps=2)
    start = weights_of(make_learner(run.config, run.folder / "none"))
    after = weights_of(run(Fixed(None, None, None, None)))
    assert all(torch.equal(tensor, start[name]) for name, tensor in after.items())
    for line in run.metrics:
        assert "pass_rate" not in line and line["groups_trained"] == 0
        assert line["status/infrastructure_error"] == 12


def test_centred_advantages_without_standard_deviation(run_in: Callable[..., Run]) -> None:
    run = run_in(steps=1, loss={"kind": "dr_grpo"})
    run(Fixed(1.0, 0.0, 0.0, 0.0))
    records = read_jsonl(run.folder / "rollouts" / "step-000001.jsonl")
    assert [record["advantage"] for record in records] == [0.75, -0.25, -0.25, -0.25] * 3


# ------------------------------------------------------------------------------------- sampling while learning goes on

OFF: dict[str, Any] = {"problems_per_step": 3, "group_size": 4, "max_tokens": 5, "off_policy": True}
PATIENCE = 300.0  # seconds after which a test that should never wait gives up


class Versions(Coin):
    """Notes which policy wrote each group."""

    def __init__(self) -> None:
        self.seen: list[set[int]] = []

    def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        self.seen.append({version for t in trajectories for version in t.policy_versions})
        return super().score(problem, trajectories)

    @property
    def by_step(self) -> list[int]:
        steps = [set[int]().union(*self.seen[start : start + 3]) for start in range(0, len(self.seen), 3)]
        assert all(len(versions) == 1 for versions in steps)
        return [version for versions in steps for version in versions]


@pytest.mark.parametrize(
    ("saves", "evaluations", "versions"),
    [
        (0, 0, [0, 0, 1, 2, 3, 4]),  # one step old, but for the first
        (2, 0, [0, 0, 2, 2, 4, 4]),  # and for those after a checkpoint
        (0, 3, [0, 0, 1, 3, 3, 4]),  # or an evaluation
        (1, 0, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_off_policy_samples_are_one_step_old(
    run_in: Callable[..., Run], saves: int, evaluations: int, versions: list[int]
) -> None:
    run = run_in(rollout=OFF, checkpoint={"every": saves, "keep": 10}, eval={"every": evaluations})
    reward = Versions()
    run(reward)
    assert reward.by_step == versions
    assert run.sampler.loaded == [0, 1, 2, 3, 4, 5, 6]
    on_policy = Versions()
    run_in("on", checkpoint={"every": saves, "keep": 10}, eval={"every": evaluations})(on_policy)
    assert on_policy.by_step == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("off_policy", [True, False])
def test_only_off_policy_sampling_runs_beside_the_learner(run_in: Callable[..., Run], off_policy: bool) -> None:
    sampled = threading.Semaphore(0)
    beside: list[bool] = []

    def noting(request: Request, index: int) -> tuple[list[int], str, list[float]]:
        beside.append(threading.current_thread() is not threading.main_thread())
        sampled.release()
        return script(request, index)

    def waits(learner: TorchLearner) -> None:
        step = learner.step

        def step_when_sampled(batch: Any) -> dict[str, float]:
            if off_policy and len(beside) < 24:
                assert sampled.acquire(timeout=PATIENCE), "nothing was sampled while the learner worked"
            return step(batch)

        learner.step = step_when_sampled  # type: ignore[method-assign]

    run_in(steps=2, rollout={**OFF, "off_policy": off_policy}, checkpoint={"every": 0})(script=noting, prepare=waits)
    assert beside == [False] * 12 + [off_policy] * 12


def test_nothing_is_ahead_at_a_checkpoint_or_an_evaluation(run_in: Callable[..., Run]) -> None:
    run = run_in(rollout=OFF, checkpoint={"every": 2, "keep": 10}, eval={"every": 3})
    drawn: list[int] = []
    found: list[tuple[str, int, int]] = []

    def counting(request: Request, index: int) -> tuple[list[int], str, list[float]]:
        drawn.append(request.seed)
        return script(request, index)

    def spy(learner: TorchLearner) -> None:
        save = learner.save

        def save_and_note(step: int, stream: Any) -> None:
            found.append(("save", step, len(drawn)))
            assert stream == {"position": 3 * step}
            save(step, stream)

        learner.save = save_and_note  # type: ignore[method-assign]

    run(script=counting, evaluate=lambda step: found.append(("evaluate", step, len(drawn))), prepare=spy)
    assert found == [
        ("evaluate", 0, 0),
        ("save", 2, 24),
        ("save", 3, 36),
        ("evaluate", 3, 36),
        ("save", 4, 48),
        ("save", 6, 72),
        ("evaluate", 6, 72),
    ]


@pytest.mark.parametrize("killed_after", [1, 3, 4])
def test_an_off_policy_run_is_the_same_every_time_killed_or_not(run_in: Callable[..., Run], killed_after: int) -> None:
    whole, cut = run_in("whole", rollout=OFF), run_in("cut", rollout=OFF)
    expected = weights_of(whole())
    with pytest.raises(Killed):
        cut(watcher=Kills(killed_after))
    found = weights_of(cut())
    assert cut.timeless == whole.timeless
    assert all(torch.equal(tensor, expected[name]) for name, tensor in found.items())


@pytest.fixture
def no_thread_is_left() -> Iterator[None]:
    before = threading.enumerate()  # other tests' engines may have some of their own
    yield
    left = [thread.name for thread in threading.enumerate() if thread not in before]
    assert [name for name in left if name.startswith("ThreadPoolExecutor")] == []


@pytest.mark.usefixtures("no_thread_is_left")
@pytest.mark.parametrize("off_policy", [True, False])
def test_an_error_of_the_sampler_ends_the_run(run_in: Callable[..., Run], off_policy: bool) -> None:
    run = run_in(rollout={**OFF, "off_policy": off_policy})
    drawn: list[int] = []

    def failing(request: Request, index: int) -> tuple[list[int], str, list[float]]:
        drawn.append(index)
        if len(drawn) > 40:  # in step 4, which is sampled while step 3 is learned from
            raise RuntimeError("the engine died")
        return script(request, index)

    with pytest.raises(RuntimeError, match="the engine died"):
        run(script=failing)
    assert [line["step"] for line in run.metrics] == [1, 2, 3]  # what was done by then is kept


@pytest.mark.usefixtures("no_thread_is_left")
def test_an_error_of_the_learner_ends_the_run_while_sampling_is_under_way(run_in: Callable[..., Run]) -> None:
    run = run_in(rollout=OFF)

    def breaks(learner: TorchLearner) -> None:
        def step(batch: Any) -> dict[str, float]:
            raise RuntimeError("out of memory")

        learner.step = step  # type: ignore[method-assign]

    with pytest.raises(RuntimeError, match="out of memory"):
        run(prepare=breaks)
    assert run.metrics == []


# ------------------------------------------------------------------------------------------------ the best checkpoint


def test_scores_of_evaluations_decide_the_best_checkpoint(run_in: Callable[..., Run]) -> None:
    run = run_in(eval={"every": 2}, checkpoint={"every": 0, "keep": 1})
    run(evaluate={0: 0.9, 2: 0.1, 4: 0.5, 6: 0.3}.get)  # the start model has no checkpoint
    assert run.checkpoints == ["step-000004", "step-000006"]
    assert (run.folder / "checkpoints" / "best").resolve().name == "step-000004"


def test_without_a_score_nothing_is_rated(run_in: Callable[..., Run]) -> None:
    run = run_in(steps=2)
    run()
    assert not (run.folder / "checkpoints" / "best").exists()


def test_an_evaluation_that_a_kill_cut_short_counts_when_it_is_done_again(run_in: Callable[..., Run]) -> None:
    run = run_in(eval={"every": 2}, checkpoint={"every": 0, "keep": 1})

    def killed(step: int) -> float:
        if step == 4:
            raise Killed
        return 0.1

    with pytest.raises(Killed):
        run(evaluate=killed)
    run(evaluate=lambda step: {4: 0.5, 6: 0.3}[step])
    assert [step for step, _ in run.evaluated] == [0, 2, 4, 4, 6]
    assert (run.folder / "checkpoints" / "best").resolve().name == "step-000004"


# ---------------------------------------------------------------------------------------------------------- metrics


def result(groups: Sequence[Group], advantages: list[list[float | None]]) -> Rollout:
    return Rollout(
        groups=list(groups), advantages_PG=advantages, set_aside=[], seconds=2.5, seconds_waiting=0.5, resampled=0
    )


def test_metrics_by_hand() -> None:
    samples = [
        trajectory([1], [2, 3], finish_reason="length"),
        trajectory([1], [4]),
        trajectory([1], [5, 6, 7]),
        trajectory([1], [8, 9]),
    ]
    found = rollout_metrics(result([group(samples, [1.0, 0.0, None, 0.5])], [[0.9, -0.9, None, 0.0]]))
    assert found == {
        "reward_mean": 0.5,
        "reward_std": pytest.approx(math.sqrt(0.5 / 3)),
        "pass_rate": pytest.approx(1 / 3),
        "length_mean": 2.0,
        "length_max": 3.0,
        "truncated_rate": 0.25,
        "groups_trained": 1.0,
        "groups_skipped": 0.0,
        "groups_resampled": 0.0,
        "tokens": 8.0,
        "tokens_per_second": 4.0,
        "status/correct": 1.0,
        "status/incorrect": 2.0,
        "status/infrastructure_error": 1.0,
    }


def test_metrics_of_no_groups() -> None:
    found = rollout_metrics(result([], []))
    assert found["groups_trained"] == found["groups_skipped"] == found["tokens"] == found["reward_mean"] == 0.0
    assert "pass_rate" not in found


def test_a_learned_reward_decides_no_pass() -> None:
    scored = [Verdict(status=Status.SCORED, reward=value) for value in (3.0, -2.0)]
    made = Group(problem=problem(), trajectories=[trajectory([1], [2]), trajectory([1], [3])], verdicts=scored)
    found = rollout_metrics(result([made], [[0.7, -0.7]]))
    assert found["reward_mean"] == 0.5 and found["status/scored"] == 2
    assert "pass_rate" not in found
