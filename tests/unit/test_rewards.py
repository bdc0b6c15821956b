from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from verirl.rewards.random import RandomReward
from verirl.rewards.verifier import VerifierReward
from verirl.types import Problem, Status, Trajectory, Verdict


def problem(id: str = "p") -> Problem:
    return Problem(id=id, prompt=[], data={}, split="train")


def group(texts: Sequence[str], version: int = 0) -> list[Trajectory]:
    return [Trajectory(text=text, policy_versions=[version] * 3) for text in texts]


def coins(reward: RandomReward, id: str = "p", version: int = 0, text: str = "x") -> list[float | None]:
    return [verdict.reward for verdict in reward.score(problem(id), group([text] * 64, version))]


def test_the_verifier_reward_asks_for_the_whole_group() -> None:
    class Pool:
        def verify_trajectories(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
            return [Verdict(status=Status.CORRECT, reward=1.0, answer=each.text) for each in trajectories]

    pool: Any = Pool()
    assert [v.answer for v in VerifierReward(pool).score(problem(), group(["a", "b"]))] == ["a", "b"]


def test_the_coin_is_the_same_on_a_rerun_and_blind_to_the_text() -> None:
    assert coins(RandomReward(1)) == coins(RandomReward(1), text="\ud800 other")


def test_the_coin_depends_on_seed_problem_and_policy() -> None:
    first = coins(RandomReward(1))
    assert first != coins(RandomReward(2))
    assert first != coins(RandomReward(1), id="q")
    assert first != coins(RandomReward(1), version=1)


def test_the_coin_is_fair_and_scored() -> None:
    reward = RandomReward(0)
    tosses = [toss for version in range(100) for toss in coins(reward, version=version)]
    assert set(tosses) == {0.0, 1.0}
    assert abs(sum(toss or 0.0 for toss in tosses) / len(tosses) - 0.5) < 0.03
    assert {v.status for v in reward.score(problem(), group(["a"] * 8))} == {Status.SCORED}
    assert len(reward.score(problem(), [Trajectory(text="a")])) == 1
