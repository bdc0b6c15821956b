"""Group maths: by hand, then its laws."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verirl.advantage import STD_EPSILON, group_advantages

REWARDS = st.lists(st.floats(-10, 10).map(lambda value: round(value, 3)), min_size=2, max_size=12)


def test_by_hand() -> None:
    # Mean 1/4; deviations 3/4, -1/4, -1/4, -1/4; squares sum to 12/16; divisor 3 gives a standard deviation of 1/2.
    scale = 0.5 + 1e-4
    expected = [0.75 / scale, -0.25 / scale, -0.25 / scale, -0.25 / scale]
    assert group_advantages([1.0, 0.0, 0.0, 0.0]) == pytest.approx(expected, rel=1e-12)


def test_by_hand_without_standard_deviation() -> None:
    assert group_advantages([1.0, 0.0, 0.0, 0.0], std_normalization=False) == [0.75, -0.25, -0.25, -0.25]


def test_graded_rewards_by_hand() -> None:
    # Mean 0.5, deviations -0.5, 0, 0.5: variance (0.25 + 0.25) / 2 = 0.25, standard deviation 0.5.
    assert group_advantages([0.0, 0.5, 1.0]) == pytest.approx([-0.5 / 0.5001, 0.0, 0.5 / 0.5001], rel=1e-12)


def test_unscored_samples_take_no_part() -> None:
    # The rest is [1, 0]: mean 1/2, standard deviation sqrt(1/2).
    scale = math.sqrt(0.5) + STD_EPSILON
    with_none = group_advantages([None, 1.0, None, 0.0])
    assert with_none[0] is None and with_none[2] is None
    assert with_none[1] == pytest.approx(0.5 / scale) and with_none[3] == pytest.approx(-0.5 / scale)


@pytest.mark.parametrize("std", [True, False])
@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, -3.7])
def test_equal_rewards_say_nothing(value: float, std: bool) -> None:
    # 0.1 * 7 / 7 is not 0.1 in floats: the answer must be 0 all the same, not noise over 1e-4.
    assert group_advantages([value] * 7, std) == [0.0] * 7


@pytest.mark.parametrize(
    ("rewards", "expected"),
    [
        ([], []),
        ([1.0], [0.0]),
        ([None], [None]),
        ([None, None], [None, None]),
        ([None, 1.0, None], [None, 0.0, None]),
        ([0.0, None, 0.0], [0.0, None, 0.0]),
    ],
)
def test_fewer_than_two_rewards_say_nothing(rewards: list[float | None], expected: list[float | None]) -> None:
    assert group_advantages(rewards) == expected


def test_rewards_that_barely_differ_do_not_explode() -> None:
    advantages = group_advantages([0.5, 0.5 + 1e-9])
    assert max(abs(advantage) for advantage in advantages if advantage is not None) < 1e-4


@given(REWARDS, st.booleans())
def test_mean_is_zero(rewards: list[float], std: bool) -> None:
    advantages = group_advantages(rewards, std)
    assert math.fsum(a for a in advantages if a is not None) == pytest.approx(0.0, abs=1e-9 * len(rewards) * 20)


@given(REWARDS, st.floats(-50, 50).map(lambda value: round(value, 3)), st.booleans())
def test_a_constant_added_changes_nothing(rewards: list[float], shift: float, std: bool) -> None:
    shifted = group_advantages([reward + shift for reward in rewards], std)
    assert shifted == pytest.approx(group_advantages(rewards, std), abs=1e-6)


@given(st.lists(st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5, 1.0])), max_size=10), st.randoms())
def test_order_is_carried_along(rewards: list[float | None], draw: object) -> None:
    order = list(range(len(rewards)))
    draw.shuffle(order)  # type: ignore[attr-defined]
    before = group_advantages(rewards)
    after = group_advantages([rewards[i] for i in order])
    for place, i in enumerate(order):
        expected = before[i]
        assert after[place] is None if expected is None else after[place] == pytest.approx(expected, abs=1e-12)


@given(REWARDS)
def test_against_the_statistics_module(rewards: list[float]) -> None:
    deviation = statistics.stdev(rewards)
    if max(rewards) == min(rewards):
        return
    expected = [(reward - statistics.fmean(rewards)) / (deviation + 1e-4) for reward in rewards]
    assert group_advantages(rewards) == pytest.approx(expected, abs=1e-7)


@given(REWARDS, st.booleans())
def test_a_better_sample_has_the_higher_advantage(rewards: list[float], std: bool) -> None:
    advantages = group_advantages(rewards, std)
    best, worst = rewards.index(max(rewards)), rewards.index(min(rewards))
    assert rewards[best] == rewards[worst] or advantages[best] > 0 > advantages[worst]  # type: ignore[operator]
