"""Sampling and scoring: seeds, overlap, order; and the stream of problems."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from builders import problem, trajectory, verdict
from verirl.batch import make_batch
from verirl.config import RolloutConfig, RunConfig
from verirl.rollout import Collector, ProblemStream, Rollout, rollout, sample_seed
from verirl.runlog import RunLog, read_jsonl
from verirl.samplers.scripted import ScriptedSampler
from verirl.train import rollout_metrics
from verirl.types import Group, Problem, Request, Status, Trajectory, Verdict

CONFIG = RolloutConfig(group_size=4, max_tokens=7, temperature=0.5)
PROBLEMS = [problem(name, text=f"{name}?") for name in ("a", "b", "c")]
PATIENCE = 300.0  # seconds after which a test that should never wait gives up


def encode(problem: Problem, max_tokens: int) -> list[int]:
    return [ord(letter) for letter in problem.id]


class ByText:
    """Scores what the text says, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []

    def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        texts = [trajectory.text for trajectory in trajectories]
        self.asked.append((problem.id, texts))
        return [verdict(float(text.split("/")[1])) for text in texts]


def requests_of(seed: int, step: int, problems: Sequence[Problem] = PROBLEMS) -> list[Request]:
    seen: list[Request] = []

    def script(request: Request, index: int) -> tuple[list[int], str, list[float]]:
        seen.append(request)
        return [1], "x/0", [0.0]

    rollout(problems, ScriptedSampler(script), ByText(), encode, CONFIG, seed, step)
    return seen


def test_requests_carry_the_settings() -> None:
    requests = requests_of(0, 1)
    assert len(requests) == 12
    assert [list(request.prompt_ids) for request in requests] == [[97]] * 4 + [[98]] * 4 + [[99]] * 4
    assert {(request.max_tokens, request.temperature) for request in requests} == {(7, 0.5)}


def test_every_sample_has_a_seed_of_its_own_that_stays() -> None:
    seeds = {(seed, step): [r.seed for r in requests_of(seed, step)] for seed in (0, 1) for step in (1, 2, 11)}
    every = [seed for found in seeds.values() for seed in found]
    assert len(set(every)) == len(every) == 2 * 3 * 12
    assert all(0 <= seed < 1 << 63 for seed in every)
    assert seeds[0, 1] == [request.seed for request in requests_of(0, 1)]
    # A problem that comes twice in a step is sampled anew the second time.
    twice = [request.seed for request in requests_of(0, 1, [PROBLEMS[0], PROBLEMS[0]])]
    assert len(set(twice)) == 8


def test_seeds_are_the_same_in_every_process() -> None:
    # Python's own hash() would differ from run to run; this is what sha256sum says of 0/1/0/a/0.
    assert sample_seed(0, 1, 0, "a", 0) == 0xE02BF8F30760482E >> 1
    assert sample_seed(1, 23) != sample_seed(12, 3)


def test_groups_come_back_in_order_whatever_finishes_first() -> None:
    class Shuffled(ScriptedSampler):
        def sample(self, requests: Sequence[Request]) -> Iterator[Trajectory]:
            done = list(super().sample(requests))
            random.Random(3).shuffle(done)
            yield from done

    def script(request: Request, index: int) -> tuple[list[int], str, list[float]]:
        return [index], f"{index}/{index / 100}", [-0.1 * index]

    reward = ByText()
    reported: list[Group] = []
    groups, waited = rollout(PROBLEMS, Shuffled(script), reward, encode, CONFIG, 0, 1, reported.append)
    assert [group.problem.id for group in groups] == ["a", "b", "c"]
    for place, group in enumerate(groups):
        indices = list(range(4 * place, 4 * place + 4))
        assert [list(trajectory.token_ids) for trajectory in group.trajectories] == [[i] for i in indices]
        assert [verdict.reward for verdict in group.verdicts] == [i / 100 for i in indices]
    assert sorted(name for name, _ in reward.asked) == ["a", "b", "c"]  # each group once, whole
    assert all(len(texts) == 4 for _, texts in reward.asked)
    assert sorted(group.problem.id for group in reported) == ["a", "b", "c"]
    assert waited >= 0


def test_a_group_is_scored_while_sampling_goes_on() -> None:
    scored = threading.Event()

    class Sampler:
        def sample(self, requests: Sequence[Request]) -> Iterator[Trajectory]:
            for index, request in enumerate(requests):
                if index == 8:  # a is whole, and so is b
                    assert scored.wait(PATIENCE), "no group was scored while there was still one to sample"
                yield trajectory(request.prompt_ids, [index], request=index)

        def release(self) -> None: ...

        def load(self, weights: object, version: int) -> None: ...

    class Reward:
        def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
            if problem.id == "a":
                scored.set()
            return [verdict(1.0)] * len(trajectories)

    groups, _ = rollout(PROBLEMS, Sampler(), Reward(), encode, CONFIG, 0, 1)
    assert scored.is_set() and len(groups) == 3


def test_a_slow_verification_holds_up_neither_sampling_nor_the_other_groups() -> None:
    all_sampled, other_scored = threading.Event(), threading.Event()

    class Sampler:
        def sample(self, requests: Sequence[Request]) -> Iterator[Trajectory]:
            for index, request in enumerate(requests):
                yield trajectory(request.prompt_ids, [index], request=index)
            all_sampled.set()

        def release(self) -> None: ...

        def load(self, weights: object, version: int) -> None: ...

    class Reward:
        def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
            if problem.id == "a":  # is done last of all, though it came first
                assert all_sampled.wait(PATIENCE) and other_scored.wait(PATIENCE)
            if problem.id == "c":
                other_scored.set()
            return [verdict(0.0)] * len(trajectories)

    groups, _ = rollout(PROBLEMS, Sampler(), Reward(), encode, CONFIG, 0, 1)
    assert [group.problem.id for group in groups] == ["a", "b", "c"]


def test_groups_are_reported_once_each() -> None:
    reported: list[str] = []
    sampler = ScriptedSampler(lambda request, index: ([1], "x/1", [0.0]))
    rollout(PROBLEMS, sampler, ByText(), encode, CONFIG, 0, 1, lambda group: reported.append(group.problem.id))
    assert sorted(reported) == ["a", "b", "c"]


def test_a_reward_that_raises_stops_the_step() -> None:
    class Broken:
        def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
            raise RuntimeError("the pool is closed")

    sampler = ScriptedSampler(lambda request, index: ([1], "x", [0.0]))
    with pytest.raises(RuntimeError, match="the pool is closed"):
        rollout(PROBLEMS, sampler, Broken(), encode, CONFIG, 0, 1)


# ------------------------------------------------------------------------------------------------- the batch of a step


class Scripted:
    """Gives the samples of each group the rewards that are next in line for its problem; the last ones stay."""

    def __init__(self, **rewards: list[list[float | None]]) -> None:
        self.rewards = rewards
        self.asked: list[str] = []

    def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        self.asked.append(problem.id)
        line = self.rewards.get(problem.id, [[1.0, 0.0]])
        return [verdict(reward) for reward in (line.pop(0) if len(line) > 1 else line[0])]


class Step:
    """Problems p0, p1, ... in this order, two samples each, three problems a step."""

    def __init__(self, reward: object, lengths: Sequence[int] = (1,), **options: Any) -> None:
        self.requests: list[Request] = []

        def script(request: Request, index: int) -> tuple[list[int], str, list[float]]:
            self.requests.append(request)
            length = lengths[index % len(lengths)]
            return [1] * length, "x", [0.0] * length

        sections = {"rollout": {"problems_per_step": 3, "group_size": 2, **options}}
        self.config = RunConfig.model_validate({"loss": {"kind": "dr_grpo"}, **sections})
        self.stream = ProblemStream([problem(f"p{i}") for i in range(40)], seed=0)
        self.stream._order = (0, list(range(40)))
        self.reported: list[str] = []
        self.collector = Collector(
            self.config,
            self.stream,
            ScriptedSampler(script),
            reward,  # type: ignore[arg-type]
            encode,
            lambda group: self.reported.append(group.problem.id),
        )

    def collect(self, step: int = 1) -> Rollout:
        return self.collector.collect(step)


def ids(groups: Sequence[Group]) -> list[str]:
    return [group.problem.id for group in groups]


NOTHING: list[list[float | None]] = [[1.0, 1.0]]


def test_without_dynamic_sampling_groups_stay_as_they_are() -> None:
    step = Step(Scripted(p1=NOTHING))
    found = step.collect()
    assert ids(found.groups) == ["p0", "p1", "p2"] and not found.set_aside
    assert found.advantages_PG == [[0.5, -0.5], [0.0, 0.0], [0.5, -0.5]]
    assert step.stream.position == 3 and found.resampled == 0


def test_dynamic_sampling_fills_the_step_in_order() -> None:
    step = Step(Scripted(p0=NOTHING, p2=NOTHING, p4=NOTHING), dynamic_sampling=5)
    found = step.collect()
    assert ids(found.groups) == ["p1", "p3", "p5"]  # p3 and p4 came for p0 and p2, p5 for p4
    assert ids(found.set_aside) == ["p0", "p2", "p4"]
    assert found.advantages_PG == [[0.5, -0.5]] * 3
    assert step.stream.position == 6  # no problem more than was needed
    assert sorted(step.reported) == [f"p{i}" for i in range(6)]


@pytest.mark.parametrize("rounds", [2, 3])
def test_dynamic_sampling_ends_after_so_many_rounds(rounds: int) -> None:
    step = Step(Scripted(**{f"p{i}": NOTHING for i in range(40) if i != 4}), dynamic_sampling=rounds)
    found = step.collect()
    assert ids(found.groups) == ["p4"]
    assert step.stream.position == {2: 6, 3: 8}[rounds]  # 3 + 3 + 2
    assert len(found.set_aside) == step.stream.position - 1


def test_no_seed_is_used_twice_in_a_step() -> None:
    """One problem, over and over, with faults on top."""
    step = Step(Scripted(p0=[[1.0, 1.0], [None, None], [1.0, 1.0], [None, 1.0], [None, None]]), dynamic_sampling=4)
    step.collector.stream = ProblemStream([problem("p0")], seed=0)
    step.collect()
    assert len(step.requests) > 2 * 12
    assert len({request.seed for request in step.requests}) == len(step.requests)


def test_what_is_set_aside_is_counted_but_not_learned_from(tmp_path: Path) -> None:
    found = Step(Scripted(p0=NOTHING, p1=[[None, 1.0]]), dynamic_sampling=3).collect()
    assert ids(found.set_aside) == ["p0", "p1"]
    metrics = rollout_metrics(found)
    assert (metrics["groups_trained"], metrics["groups_skipped"]) == (3, 2)
    assert metrics["status/correct"] == 2 + 1 + 3 and metrics["tokens"] == 10
    assert metrics["reward_mean"] == pytest.approx(6 / 9)
    batch = make_batch(found.groups, found.advantages_PG)
    assert batch is not None and batch.samples == batch.tokens == 6
    RunLog(tmp_path).rollouts(1, found)
    lines = read_jsonl(tmp_path / "rollouts" / "step-000001.jsonl")
    assert [line["problem_id"] for line in lines[::2]] == ["p2", "p3", "p4", "p0", "p1"]
    assert [line["advantage"] for line in lines[6:]] == [0.0, 0.0, None, 0.0]


def test_the_overlong_buffer_moves_advantages_and_no_reward() -> None:
    # Of 8 tokens the last 4 are the buffer: 4 tokens cost nothing, 6 half a point, 8 a whole one.
    step = Step(Scripted(p0=NOTHING, p1=[[1.0, None]]), lengths=(4, 6, 8, 8), max_tokens=8, overlong_buffer=4)
    found = step.collect()
    assert [[verdict.reward for verdict in group.verdicts] for group in found.groups] == [
        [1.0, 1.0],
        [1.0, None],
        [1.0, 0.0],
    ]
    assert found.advantages_PG == [[0.25, -0.25], [0.0, None], [0.75, -0.75]]
    assert rollout_metrics(found)["reward_mean"] == pytest.approx(4 / 5)


def test_groups_that_faults_of_ours_left_bare_are_drawn_again() -> None:
    reward = Scripted(p0=[[None, None], [1.0, 0.0]], p2=[[None, 1.0], [None, 0.0], [0.0, 1.0]])
    step = Step(reward)
    found = step.collect()
    assert ids(found.groups) == ["p0", "p1", "p2"]  # in their own places
    assert found.advantages_PG == [[0.5, -0.5], [0.5, -0.5], [-0.5, 0.5]]
    assert found.resampled == 3 and step.stream.position == 3
    assert sorted(reward.asked) == ["p0", "p0", "p1", "p2", "p2", "p2"]
    assert len({request.seed for request in step.requests}) == len(step.requests) == 12


@pytest.mark.parametrize("dynamic_sampling", [1, 2])
def test_a_group_is_drawn_again_twice_at_most(dynamic_sampling: int) -> None:
    reward = Scripted(p1=[[None, None]])
    found = Step(reward, dynamic_sampling=dynamic_sampling).collect()
    assert reward.asked.count("p1") == 3 and found.resampled == 2
    assert ids(found.groups) == (["p0", "p1", "p2"] if dynamic_sampling == 1 else ["p0", "p2", "p3"])
    batch = make_batch(found.groups, found.advantages_PG)
    assert batch is not None and batch.samples == 2 * len([group for group in found.groups if group.problem.id != "p1"])


def test_one_error_among_good_samples_is_no_reason_to_draw_again() -> None:
    reward = Scripted(p1=[[None, 1.0, 0.0]])
    found = Step(Scripted(p0=[[1.0, 0.0, 0.0]], p1=reward.rewards["p1"], p2=[[0.0, 0.0, 0.0]]), group_size=3).collect()
    assert found.resampled == 0
    assert found.advantages_PG[1] == [None, 0.5, -0.5]


def test_a_problem_that_is_broken_is_not_drawn_again() -> None:
    class Broken:
        def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
            return [Verdict(status=Status.INVALID_PROBLEM)] * len(trajectories)

    step = Step(Broken())
    assert step.collect().resampled == 0 and len(step.requests) == 6


# ---------------------------------------------------------------------------------------------- the stream of problems

TEN = [problem(f"p{i}") for i in range(10)]


def names(problems: Sequence[Problem]) -> list[str]:
    return [problem.id for problem in problems]


def test_each_epoch_is_a_permutation_of_its_own() -> None:
    drawn = names(ProblemStream(TEN, seed=0).next(40))
    epochs = [drawn[start : start + 10] for start in range(0, 40, 10)]
    for epoch in epochs:
        assert sorted(epoch) == sorted(names(TEN))
    assert len({tuple(epoch) for epoch in epochs}) == 4


@pytest.mark.parametrize("count", [1, 3, 7, 10, 13])
def test_the_size_of_a_step_does_not_change_the_order(count: int) -> None:
    stream = ProblemStream(TEN, seed=5)
    drawn = [name for _ in range(-(-60 // count)) for name in names(stream.next(count))]
    assert drawn[:60] == names(ProblemStream(TEN, seed=5).next(60))


def test_a_position_restores_the_stream() -> None:
    stream = ProblemStream(TEN, seed=1)
    for _ in range(6):
        stream.next(4)
        again = ProblemStream(TEN, seed=1, position=stream.state()["position"])
        ahead = ProblemStream(TEN, seed=1, position=stream.position)
        assert names(again.next(23)) == names(ahead.next(23))
    assert stream.state() == {"position": 24}
    rest = names(stream.next(16))
    assert rest == names(ProblemStream(TEN, seed=1).next(40))[24:]


def test_seeds_give_other_orders() -> None:
    orders = {tuple(names(ProblemStream(TEN, seed=seed).next(10))) for seed in range(8)}
    assert len(orders) == 8
