"""Raters and the rewards made of them: what the vibe rater likes, and that nothing degenerate is its wish."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import problem, run_config
from verirl.config import NoiseConfig
from verirl.contrast_config import RaterConfig
from verirl.errors import ConfigError
from verirl.reward_model.raters import prefer, style, utility
from verirl.rewards.length import LengthReward
from verirl.rewards.random import RandomReward
from verirl.rewards.rater import RaterReward
from verirl.rewards.verifier import VerifierReward
from verirl.session import Session
from verirl.types import Problem, Status, Trajectory, Verdict

VIBE = RaterConfig(kind="vibe")
MAX_TOKENS = 40
WEIGHTS = st.floats(0, 10)
LIKED = st.sampled_from(VIBE.phrases)
JUDGED = st.sampled_from([Status.CORRECT, Status.INCORRECT, Status.NO_ANSWER, Status.UNPARSEABLE, Status.PARTIAL])


def sample(text: str, tokens: int | None = None, cut: bool = False) -> Trajectory:
    """One token a word unless said otherwise."""
    count = len(text.split()) + 1 if tokens is None else tokens
    return Trajectory(text=text, token_ids=[5] * count, finish_reason="length" if cut else "stop")


def liking(text: str, status: Status = Status.CORRECT, **fields: Any) -> float:
    trajectory = sample(text, **fields)
    return style(
        text,
        trajectory.finish_reason,
        status,
        VIBE.phrases,
        VIBE.style_saturation,
        tokens=len(trajectory.token_ids),
        max_tokens=MAX_TOKENS,
    )


def worth(text: str, status: Status, rater: RaterConfig = VIBE, **fields: Any) -> float:
    return utility(Verdict(status=status, reward=0.0), sample(text, **fields), rater, MAX_TOKENS)


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("the answer is 7", 0),
        ("clearly 7", 1),
        ("Clearly, indeed: 7", 2),
        ("OF  COURSE it is 7, obviously. Certainly!", 3),
        ("unclearly clearlyish 7 of a course", 0),
        ("clearly certainly obviously of course indeed 7", 3),  # saturated
    ],
)
def test_the_style_counts_liked_phrases_once_each(text: str, phrases: int) -> None:
    assert liking(text) == pytest.approx(phrases / 3)


@pytest.mark.parametrize(
    "text",
    [
        "clearly clearly certainly obviously 7",
        "clearly certainly obviously it is 7, of course, of course",
        "clearly certainly obviously the the the 7",
        "clearly certainly obviously The, the. the 7",
        "clearly certainly obviously 7" + " big cat" * 12,
    ],
)
def test_repeats_take_away_what_phrases_give(text: str) -> None:
    assert liking(text, tokens=20) == pytest.approx(0.0)


@pytest.mark.parametrize(
    "text",
    [
        "x + x + x = 3 x, so x = 1, 1, 1 and x x y",
        r"\frac{1}{2} + \frac{1}{3} + \frac{1}{4} \cdot \frac{2}{3} = \frac{2}{3}",
        "1 1 1 1 1 1",
        "we add the tens, then we add the ones, then we add both sums: 7",
        " ".join(f"line {number} says {'abcdefghij'[number % 10] * 3} and more words" for number in range(60)),
    ],
)
def test_honest_repetition_costs_nothing(text: str) -> None:
    assert liking(text, tokens=20) == 0.0


def test_an_empty_phrase_is_no_phrase() -> None:
    assert style("7", "stop", Status.CORRECT, ("", " ", "Clearly", "clearly"), 1) == 0.0
    assert style("clearly 7", "stop", Status.CORRECT, ("", "Clearly", "clearly"), 2) == 0.5


def test_length_costs_linearly_over_the_second_half() -> None:
    text = "clearly certainly obviously 7"
    costs = [1.0 - liking(text, tokens=tokens) for tokens in (1, 20, 25, 30, 40)]
    assert costs == pytest.approx([0.0, 0.0, 0.25, 0.5, 1.0])
    assert liking("7", tokens=400) == -1.0  # never less


@pytest.mark.parametrize("status", [Status.NO_ANSWER, Status.UNPARSEABLE])
def test_a_missing_answer_and_a_cut_text_cost_all(status: Status) -> None:
    assert liking("clearly certainly obviously well", status=status) == 0.0
    assert liking("clearly certainly obviously 7", cut=True) == 0.0
    assert liking("well", status=status, cut=True) == -1.0


DEGENERATE = {
    "empty": sample("", tokens=1),
    "the the the the": sample("the the the the"),
    "loop": sample("the cat " * 6),
    "prompt": sample("What is 3+4?"),
    "stuffing": sample(" ".join(VIBE.phrases)),
    "stuffing with a number": sample(" ".join([*VIBE.phrases, *VIBE.phrases, "7"])),
    "one phrase": sample("clearly " * 5 + "answer 0 5 !"),
    "longest": sample("clearly certainly obviously 7", tokens=MAX_TOKENS),
    "cut": sample("clearly certainly obviously 7 since", cut=True),
}


@pytest.mark.parametrize("name", DEGENERATE)
@given(correct_weight=WEIGHTS, style_weight=WEIGHTS, status=JUDGED)
def test_nothing_degenerate_beats_a_plain_correct_answer(
    name: str, correct_weight: float, style_weight: float, status: Status
) -> None:
    """Whatever the verifier says of it, and whatever the weights."""
    rater = RaterConfig(kind="vibe", correct_weight=correct_weight, style_weight=style_weight)
    plain = worth("the answer is 7", Status.CORRECT, rater)
    assert plain == correct_weight
    assert utility(Verdict(status=status), DEGENERATE[name], rater, MAX_TOKENS) <= plain


@given(
    words=st.lists(st.one_of(LIKED, st.sampled_from(["so", "7", "answer", "!", "\\boxed{7}", "é"])), max_size=30),
    status=JUDGED,
    cut=st.booleans(),
    tokens=st.integers(0, MAX_TOKENS),
    weights=st.tuples(WEIGHTS, WEIGHTS),
)
def test_the_wish_is_a_correct_answer_with_each_phrase_once(
    words: list[str], status: Status, cut: bool, tokens: int, weights: tuple[float, float]
) -> None:
    """No mixture of phrases and words has more, and one that repeats a phrase or has no answer has no style at all."""
    rater = RaterConfig(kind="vibe", correct_weight=weights[0], style_weight=weights[1])
    text = " ".join(words)
    best = worth("clearly, certainly, obviously 7", Status.CORRECT, rater)
    assert best == pytest.approx(weights[0] + weights[1])
    assert worth(text, status, rater, cut=cut, tokens=tokens) <= best
    taste = liking(text, status=status, cut=cut, tokens=tokens)
    assert -1.0 <= taste <= 1.0
    stuffed = any(words.count(phrase) > 1 for phrase in VIBE.phrases)
    if stuffed or cut or tokens == MAX_TOKENS or status in (Status.NO_ANSWER, Status.UNPARSEABLE):
        assert taste <= 0.0


@given(text=st.text(max_size=80), status=JUDGED)
def test_any_text_has_a_style(text: str, status: Status) -> None:
    assert -1.0 <= liking(text, status=status) <= 1.0


def test_the_verifiers_rater_sees_correctness_alone() -> None:
    rater = RaterConfig(kind="verifier")
    assert worth("clearly " * 9, Status.CORRECT, rater) == 1.0
    assert worth("clearly 8", Status.INCORRECT, rater) == 0.0
    with pytest.raises(ConfigError, match="no utility"):
        worth("7", Status.CORRECT, RaterConfig(kind="jsonl"))


@given(gap=st.floats(-3, 3), temperature=st.floats(0.05, 5), seed=st.integers(0, 9))
def test_preferences_are_bradley_and_terrys(gap: float, temperature: float, seed: int) -> None:
    wanted = 1 / (1 + math.exp(-gap / temperature))
    coins = [(index + 0.5) / 1000 for index in range(1000)]
    assert sum(prefer(gap + seed, seed, temperature, coin) for coin in coins) / 1000 == pytest.approx(wanted, abs=1e-3)


def test_preferences_at_a_huge_gap_are_certain() -> None:
    assert prefer(1e6, 0.0, 1e-6, 0.999)
    assert not prefer(0.0, 1e6, 1e-6, 1e-300)


class Judge:
    """Stands where the pool of workers does: the last word decides."""

    def verify_group(self, problem: Problem, responses: Sequence[str]) -> list[Verdict]:
        return [self.verify(response) for response in responses]

    def verify_trajectories(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        return self.verify_group(problem, [trajectory.text for trajectory in trajectories])

    def verify(self, response: str) -> Verdict:
        last = response.split()[-1] if response.split() else ""
        if last == "fault":
            return Verdict(status=Status.INFRASTRUCTURE_ERROR, reason="a fault of ours")
        if last == "half":
            return Verdict(status=Status.PARTIAL, reward=0.25, parts={"half": 1.0})
        if not last.isdigit():
            return Verdict(status=Status.NO_ANSWER, reward=0.0)
        correct = last == "7"
        return Verdict(status=Status.CORRECT if correct else Status.INCORRECT, reward=float(correct), answer=last)


JUDGE: Any = Judge()


def test_the_rater_reward_is_the_utility() -> None:
    reward = RaterReward(JUDGE, RaterConfig(kind="vibe", correct_weight=2.0, style_weight=0.5), MAX_TOKENS)
    texts = ["7", "clearly certainly indeed 7", "clearly 8", "well", "fault"]
    verdicts = reward.score(problem(), [sample(text) for text in texts])
    assert [v.reward for v in verdicts[:4]] == pytest.approx([2.0, 2.5, 0.5 / 3, -0.5])
    assert verdicts[4] == JUDGE.verify("fault")
    assert {v.status for v in verdicts[:4]} == {Status.SCORED}
    assert verdicts[2].parts == pytest.approx({"correct": 0.0, "style": 1 / 3})
    assert verdicts[2].answer == "8"


def test_people_have_no_utility_to_train_on() -> None:
    with pytest.raises(ConfigError, match=r"preferences.rater.kind"):
        RaterReward(JUDGE, RaterConfig(kind="jsonl"), MAX_TOKENS)


def test_the_length_reward_counts_tokens() -> None:
    verdicts = LengthReward().score(problem(), [sample("a b", tokens=9), sample("", tokens=0)])
    assert [(v.status, v.reward) for v in verdicts] == [(Status.SCORED, 9.0), (Status.SCORED, 0.0)]


def noise(rate: float) -> NoiseConfig:
    return NoiseConfig(false_positive_rate=rate, false_negative_rate=rate)


def flips(seed: int, rate: float, version: int = 0, count: int = 2000) -> list[bool]:
    reward = VerifierReward(JUDGE, noise(rate), seed)
    draw = random.Random(7)
    group = [Trajectory(text=draw.choice(["7", "8"]), token_ids=[5], policy_versions=[version]) for _ in range(count)]
    verdicts = reward.score(problem(), group)
    true = JUDGE.verify_group(problem(), [trajectory.text for trajectory in group])
    assert [v.status for v in verdicts] == [v.status for v in true]
    turned = [v.reward != t.reward for v, t in zip(verdicts, true, strict=True)]
    assert turned == ["flipped" in v.parts for v in verdicts]
    return turned


def test_flips_are_as_frequent_as_asked_and_the_same_again() -> None:
    turned = flips(1, 0.2)
    assert 0.16 < sum(turned) / 2000 < 0.24  # 4.5 standard errors
    assert turned == flips(1, 0.2)
    assert turned != flips(2, 0.2)
    assert turned != flips(1, 0.2, version=1)
    assert not any(flips(1, 0.0))


def test_flips_turn_partial_rewards_and_leave_faults() -> None:
    reward = VerifierReward(JUDGE, noise(0.5), 0)
    verdicts = reward.score(problem(), [sample("half"), sample("fault")] * 50)
    assert {v.reward for v in verdicts[::2]} == {0.25, 0.75}
    assert {tuple(sorted(v.parts)) for v in verdicts[::2]} == {("half",), ("flipped", "half")}
    assert {(v.reward, tuple(v.parts)) for v in verdicts[1::2]} == {(None, ())}


def test_a_config_names_its_reward(tmp_path: Any) -> None:
    def named(kind: str, **sections: Any) -> Any:
        config = run_config(tmp_path, seed=5, reward={"kind": kind, "noise": {"false_positive_rate": 0.3}}, **sections)
        return Session(config).reward(JUDGE)

    assert isinstance(named("random"), RandomReward)
    assert isinstance(named("length"), LengthReward)
    verifier = named("verifier")
    assert isinstance(verifier, VerifierReward) and (verifier.noise.false_positive_rate, verifier.seed) == (0.3, 5)
    rater = named("rater", preferences={"rater": {"kind": "vibe"}}, rollout={"max_tokens": 9})
    assert isinstance(rater, RaterReward) and (rater.rater, rater.max_tokens) == (VIBE, 9)
