"""A verifier that is wrong at known rates, held against the theory: the drift is proportional to Youden's J, and what corrects
for it does so in expectation, over every way that the noise can fall."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from builders import problem
from verirl.advantage import AdvantageKind, group_advantages
from verirl.config import NoiseConfig
from verirl.noise import backward, corrected, forward, youden
from verirl.rewards.verifier import VerifierReward
from verirl.types import Problem, Status, Trajectory, Verdict

RATES = [(0.0, 0.0), (0.1, 0.0), (0.0, 0.3), (0.2, 0.4), (0.5, 0.5)]
GROUPS = [(1, 0, 0, 0), (1, 1, 0, 0), (1, 1, 1, 0)]


def expected(
    rewards: Sequence[int], fp: float, fn: float, then: Callable[[list[float]], Sequence[float | None]]
) -> list[float]:
    """The exact mean, over all ways in which the noise can fall, of what `then` makes of the noisy rewards."""
    total = [0.0] * len(rewards)
    for noisy in product((0, 1), repeat=len(rewards)):
        rates = [fn if reward else fp for reward in rewards]
        chances = [
            rate if seen != reward else 1 - rate for rate, seen, reward in zip(rates, noisy, rewards, strict=True)
        ]
        made = then([float(seen) for seen in noisy])
        total = [before + math.prod(chances) * (value or 0.0) for before, value in zip(total, made, strict=True)]
    return total


@pytest.mark.parametrize("kind", ["centred", "leave_one_out"])
@pytest.mark.parametrize("rewards", GROUPS)
@pytest.mark.parametrize(("fp", "fn"), RATES)
def test_the_drift_is_proportional_to_j(kind: AdvantageKind, rewards: tuple[int, ...], fp: float, fn: float) -> None:
    clean = group_advantages([float(reward) for reward in rewards], kind)
    noisy = expected(rewards, fp, fn, lambda seen: group_advantages(seen, kind))
    assert noisy == pytest.approx([youden(fp, fn) * (value or 0.0) for value in clean], abs=1e-12)


@pytest.mark.parametrize("rewards", GROUPS)
@pytest.mark.parametrize(("fp", "fn"), RATES[:-1])
def test_backward_is_unbiased(rewards: tuple[int, ...], fp: float, fn: float) -> None:
    clean = group_advantages([float(reward) for reward in rewards], "centred")
    noise = NoiseConfig(false_positive_rate=fp, false_negative_rate=fn, correction="backward")
    seen = expected(rewards, fp, fn, lambda seen: group_advantages([corrected(r, noise) for r in seen], "centred"))
    assert seen == pytest.approx([value or 0.0 for value in clean], abs=1e-12)


@given(st.floats(0, 0.5), st.floats(0, 0.5))
def test_what_corrections_give_in_expectation(fp: float, fn: float) -> None:
    j = youden(fp, fn)
    for reward in (0, 1):
        up = 1 - fn if reward else fp  # the chance of a noisy 1
        assert up * forward(1, fn) + (1 - up) * forward(0, fn) == pytest.approx(j * (reward - 1), abs=1e-12)
        if j > 1e-6:
            unbiased = up * backward(1, fp, fn) + (1 - up) * backward(0, fp, fn)
            assert unbiased == pytest.approx(reward, abs=1e-6)


@pytest.mark.parametrize(("fp", "fn"), RATES)
def test_a_policy_gradient_drifts_where_j_says(fp: float, fn: float) -> None:
    """Three actions, a softmax policy, the first action correct: the exact gradient under the noisy reward."""
    policy, right = [0.2, 0.5, 0.3], [1.0, 0.0, 0.0]

    def gradient(reward: Sequence[float]) -> list[float]:
        mean = sum(p * r for p, r in zip(policy, reward, strict=True))
        return [p * (r - mean) for p, r in zip(policy, reward, strict=True)]

    noisy = [1 - fn if reward else fp for reward in right]
    weights = [forward(1, fn) * seen + forward(0, fn) * (1 - seen) for seen in noisy]
    clean = gradient(right)
    assert gradient(noisy) == pytest.approx([youden(fp, fn) * value for value in clean], abs=1e-12)
    assert gradient(weights) == pytest.approx([youden(fp, fn) * value for value in clean], abs=1e-12)


def test_standardized_advantages_take_no_notice() -> None:
    rewards = [1.0, 0.0, 0.0, 1.0, 0.0]
    plain = group_advantages(rewards)
    for correction in ("backward", "forward"):
        noise = NoiseConfig(false_positive_rate=0.1, false_negative_rate=0.2, correction=correction)
        assert group_advantages([corrected(reward, noise) for reward in rewards]) == pytest.approx(plain, rel=1e-3)


class Pool:
    """Says `correct` to what begins with r."""

    def verify_trajectories(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        return [
            Verdict(status=Status.CORRECT, reward=1.0)
            if each.text.startswith("r")
            else Verdict(status=Status.INCORRECT, reward=0.0)
            for each in trajectories
        ]


def turned(noise: NoiseConfig, names: Sequence[str], group: Sequence[Trajectory]) -> list[list[bool]]:
    """By problem, which of the group's rewards are turned round."""
    pool: Any = Pool()
    reward = VerifierReward(pool, noise, seed=1)
    return [["flipped" in verdict.parts for verdict in reward.score(problem(name), group)] for name in names]


def group(size: int = 40) -> list[Trajectory]:
    return [
        Trajectory(text="right" if number % 2 else "wrong", token_ids=[1] * (1 + number // 2), policy_versions=[3])
        for number in range(size)
    ]


NAMES = [f"p{number}" for number in range(400)]


def test_each_rate_is_of_its_own_kind_of_answer() -> None:
    found = turned(NoiseConfig(false_positive_rate=0.1, false_negative_rate=0.3), NAMES, group())
    wrong, right = ([flip for row in found for flip in row[start::2]] for start in (0, 1))
    assert abs(sum(wrong) / len(wrong) - 0.1) < 0.015 and abs(sum(right) / len(right) - 0.3) < 0.023
    assert found == turned(NoiseConfig(false_positive_rate=0.1, false_negative_rate=0.3), NAMES, group())


def test_noise_of_a_problem_turns_all_of_it_or_nothing() -> None:
    noise = NoiseConfig(false_negative_rate=0.3, kind="problem")
    found = [row[1::2] for row in turned(noise, NAMES, group())]
    assert {len(set(row)) for row in found} == {1}
    assert abs(sum(row[0] for row in found) / len(found) - 0.3) < 0.1
    later = [Trajectory(text="right", token_ids=[1], policy_versions=[9])]
    assert [row[0] for row in found] == [row[0] for row in turned(noise, NAMES, later)]


def test_noise_by_length_is_as_frequent_and_falls_on_the_long() -> None:
    found = turned(NoiseConfig(false_positive_rate=0.2, false_negative_rate=0.2, kind="length"), NAMES, group())
    half = len(found[0]) // 2
    short, long = ([flip for row in found for flip in part(row)] for part in (lambda r: r[:half], lambda r: r[half:]))
    assert abs((sum(short) + sum(long)) / (len(short) + len(long)) - 0.2) < 0.02
    assert sum(long) > 2 * sum(short) > 0


def test_rates_that_say_nothing_cannot_be_corrected() -> None:
    with pytest.raises(ValidationError, match="less than 1"):
        NoiseConfig(false_positive_rate=0.5, false_negative_rate=0.5, correction="backward")
