"""Sampling and scoring: seeds, overlap, order; and the stream of problems."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence

import pytest
from builders import problem, trajectory, verdict

from verirl.config import RolloutConfig
from verirl.rollout import ProblemStream, rollout, sample_seed
from verirl.samplers.scripted import ScriptedSampler
from verirl.types import Group, Problem, Request, Trajectory, Verdict

CONFIG = RolloutConfig(group_size=4, max_tokens=7, temperature=0.5)
PROBLEMS = [problem(name, text=f"{name}?") for name in ("a", "b", "c")]
PATIENCE = 30.0  # seconds after which a test that should never wait gives up


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
    result = rollout(PROBLEMS, Shuffled(script), reward, encode, CONFIG, 0, 1, reported.append)
    assert [group.problem.id for group in result.groups] == ["a", "b", "c"]
    for place, group in enumerate(result.groups):
        indices = list(range(4 * place, 4 * place + 4))
        assert [list(trajectory.token_ids) for trajectory in group.trajectories] == [[i] for i in indices]
        assert [verdict.reward for verdict in group.verdicts] == [i / 100 for i in indices]
    assert sorted(name for name, _ in reward.asked) == ["a", "b", "c"]  # each group once, whole
    assert all(len(texts) == 4 for _, texts in reward.asked)
    assert sorted(group.problem.id for group in reported) == ["a", "b", "c"]
    assert result.seconds_waiting >= 0


def test_a_group_is_scored_while_sampling_goes_on() -> None:
    scored = threading.Event()

    class Sampler:
        def sample(self, requests: Sequence[Request]) -> Iterator[Trajectory]:
            for index, request in enumerate(requests):
                if index == 8:  # a is whole, and so is b
                    assert scored.wait(PATIENCE), "no group was scored while there was still one to sample"
                yield trajectory(request.prompt_ids, [index], request=index)

        def load(self, weights: object, version: int) -> None: ...

    class Reward:
        def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
            if problem.id == "a":
                scored.set()
            return [verdict(1.0)] * len(trajectories)

    result = rollout(PROBLEMS, Sampler(), Reward(), encode, CONFIG, 0, 1)
    assert scored.is_set() and len(result.groups) == 3


def test_a_slow_verification_holds_up_neither_sampling_nor_the_other_groups() -> None:
    all_sampled, other_scored = threading.Event(), threading.Event()

    class Sampler:
        def sample(self, requests: Sequence[Request]) -> Iterator[Trajectory]:
            for index, request in enumerate(requests):
                yield trajectory(request.prompt_ids, [index], request=index)
            all_sampled.set()

        def load(self, weights: object, version: int) -> None: ...

    class Reward:
        def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
            if problem.id == "a":  # is done last of all, though it came first
                assert all_sampled.wait(PATIENCE) and other_scored.wait(PATIENCE)
            if problem.id == "c":
                other_scored.set()
            return [verdict(0.0)] * len(trajectories)

    result = rollout(PROBLEMS, Sampler(), Reward(), encode, CONFIG, 0, 1)
    assert [group.problem.id for group in result.groups] == ["a", "b", "c"]


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
