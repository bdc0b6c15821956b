"""Group maths: by hand, then its laws."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verirl.advantage import STD_EPSILON, group_advantages, overlong_penalty
from verirl.config import AdvantageKind

KINDS: list[AdvantageKind] = ["standardized", "centred", "leave_one_out"]

REWARDS = st.lists(st.floats(-10, 10).map(lambda value: round(value, 3)), min_size=2, max_size=12)


def test_by_hand() -> None:
    # Mean 1/4; deviations 3/4, -1/4, -1/4, -1/4; squares sum to 12/16; divisor 3 gives a standard deviation of 1/2.
    scale = 0.5 + 1e-4
    expected = [0.75 / scale, -0.25 / scale, -0.25 / scale, -0.25 / scale]
    assert group_advantages([1.0, 0.0, 0.0, 0.0]) == pytest.approx(expected, rel=1e-12)


def test_by_hand_without_standard_deviation() -> None:
    assert group_advantages([1.0, 0.0, 0.0, 0.0], "centred") == [0.75, -0.25, -0.25, -0.25]


def test_leave_one_out_by_hand() -> None:
    # 1 against the mean of 0, 0, 0; 0 against the mean of 1, 0, 0.
    assert group_advantages([1.0, 0.0, 0.0, 0.0], "leave_one_out") == pytest.approx([1.0, -1 / 3, -1 / 3, -1 / 3])
    # 0.2 against 0.8; 1.0 against 0.4; 0.6 against 0.6. One without a reward is nobody's other.
    found = group_advantages([0.2, None, 1.0, 0.6], "leave_one_out")
    assert found.pop(1) is None
    assert found == pytest.approx([-0.6, 0.6, 0.0])


def test_graded_rewards_by_hand() -> None:
    # Mean 0.5, deviations -0.5, 0, 0.5: variance (0.25 + 0.25) / 2 = 0.25, standard deviation 0.5.
    assert group_advantages([0.0, 0.5, 1.0]) == pytest.approx([-0.5 / 0.5001, 0.0, 0.5 / 0.5001], rel=1e-12)


def test_unscored_samples_take_no_part() -> None:
    # The rest is [1, 0]: mean 1/2, standard deviation sqrt(1/2).
    scale = math.sqrt(0.5) + STD_EPSILON
    with_none = group_advantages([None, 1.0, None, 0.0])
    assert with_none[0] is None and with_none[2] is None
    assert with_none[1] == pytest.approx(0.5 / scale) and with_none[3] == pytest.approx(-0.5 / scale)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, -3.7])
def test_equal_rewards_say_nothing(value: float, kind: AdvantageKind) -> None:
    # 0.1 * 7 / 7 is not 0.1 in floats: the answer must be 0 all the same, not noise over 1e-4.
    assert group_advantages([value] * 7, kind) == [0.0] * 7


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


@given(REWARDS, st.sampled_from(KINDS))
def test_mean_is_zero(rewards: list[float], kind: AdvantageKind) -> None:
    advantages = group_advantages(rewards, kind)
    assert math.fsum(a for a in advantages if a is not None) == pytest.approx(0.0, abs=1e-9 * len(rewards) * 20)


@given(REWARDS, st.floats(-50, 50).map(lambda value: round(value, 3)), st.sampled_from(KINDS))
def test_a_constant_added_changes_nothing(rewards: list[float], shift: float, kind: AdvantageKind) -> None:
    shifted = group_advantages([reward + shift for reward in rewards], kind)
    assert shifted == pytest.approx(group_advantages(rewards, kind), abs=1e-6)


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


@given(REWARDS)
def test_leave_one_out_against_its_definition(rewards: list[float]) -> None:
    expected = [reward - statistics.fmean(rewards[:i] + rewards[i + 1 :]) for i, reward in enumerate(rewards)]
    assert group_advantages(rewards, "leave_one_out") == pytest.approx(expected, abs=1e-9)


@given(REWARDS)
def test_centred_against_its_definition(rewards: list[float]) -> None:
    expected = [reward - statistics.fmean(rewards) for reward in rewards]
    assert group_advantages(rewards, "centred") == pytest.approx(expected, abs=1e-9)


@given(REWARDS, st.sampled_from(KINDS))
def test_a_better_sample_has_the_higher_advantage(rewards: list[float], kind: AdvantageKind) -> None:
    advantages = group_advantages(rewards, kind)
    best, worst = rewards.index(max(rewards)), rewards.index(min(rewards))
    assert rewards[best] == rewards[worst] or advantages[best] > 0 > advantages[worst]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("length", "penalty"),
    [
        # At most 100 tokens, of which the last 20 are the buffer: 0 up to 80, then -1/20 a token.
        (0, 0.0),
        (80, 0.0),
        (81, -0.05),
        (85, -0.25),
        (90, -0.5),
        (99, -0.95),
        (100, -1.0),
        (130, -1.0),  # beyond: no further
    ],
)
def test_overlong_penalty_by_hand(length: int, penalty: float) -> None:
    assert overlong_penalty(length, max_tokens=100, buffer=20) == pytest.approx(penalty, abs=1e-12)


@pytest.mark.parametrize("length", [0, 99, 100, 101])
def test_no_buffer_punishes_nothing(length: int) -> None:
    assert overlong_penalty(length, max_tokens=100, buffer=0) == 0.0


def test_a_buffer_as_long_as_the_response_punishes_from_the_first_token() -> None:
    assert [overlong_penalty(length, max_tokens=4, buffer=4) for length in range(5)] == [0.0, -0.25, -0.5, -0.75, -1.0]


@given(st.integers(1, 300), st.data())
def test_overlong_penalty_falls_from_0_to_minus_1_and_never_rises(max_tokens: int, data: st.DataObject) -> None:
    buffer = data.draw(st.integers(1, max_tokens))
    penalties = [overlong_penalty(length, max_tokens, buffer) for length in range(max_tokens + 3)]
    assert penalties == sorted(penalties, reverse=True)
    assert penalties[max_tokens - buffer] == 0.0 and penalties[max_tokens] == -1.0
    assert all(-1.0 <= penalty <= 0.0 for penalty in penalties)
