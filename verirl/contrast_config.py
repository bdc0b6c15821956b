"""Settings of the learned reward and of the contrast: raters, preference pairs, reward models, arms."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from verirl.section import Section

Combine = Literal["mean", "min", "lower"]


class RaterConfig(Section):
    kind: Literal["verifier", "vibe", "jsonl"] = "verifier"
    """Who says which of two responses is better. `verifier`: the correct one, and nothing where both are or neither is.
    `vibe`: a synthetic rater that likes correct answers and a style. `jsonl`: people, whose pairs are in
    `preferences.data`."""
    flip_rate: float = Field(0.0, ge=0, le=0.5)
    """Share of the verifier's labels that are turned round."""
    correct_weight: NonNegativeFloat = 1.0
    """w_c in the vibe rater's utility U = w_c correct + w_s style."""
    style_weight: NonNegativeFloat = 1.0
    """w_s in it. The style lies in [-1, 1]; `verirl/reward_model/raters.py` has its equation."""
    phrases: tuple[str, ...] = ("clearly", "certainly", "obviously", "of course", "indeed")
    """What the vibe rater likes to read: its style grows with each phrase that a response has."""
    style_saturation: PositiveInt = 3
    """Phrases beyond which the style does not grow."""
    temperature: PositiveFloat = 0.25
    """The vibe rater takes a over b with probability sigmoid((U(a) - U(b)) / temperature) (Bradley-Terry)."""


class PreferencesConfig(Section):
    rater: RaterConfig = RaterConfig()
    data: str | None = None
    """People's own pairs for rater.kind = 'jsonl': `{"prompt", "chosen", "rejected"}` a line."""
    pairs: PositiveInt = 3000
    """Pairs to collect."""
    split: Literal["train", "validation"] = "validation"
    """Whose problems the pairs are of. A policy must be trained, and evaluated, on others."""
    samples: int = Field(8, ge=2)
    """Responses sampled a problem, of which pairs are made."""
    pairs_per_problem: PositiveInt = 4
    """Pairs a problem at most, until every problem has had its turn."""


class RewardModelConfig(Section):
    head: Literal["last", "sequence"] = "last"
    """What the score is read from. `last`: a linear head on the last token's hidden state. `sequence`: the mean over the
    response's tokens of a small network that sees the hidden state, the token that followed and its log-probability."""
    learning_rate: PositiveFloat = 1e-4
    """Peak learning rate of AdamW, for the backbone and the head."""
    epochs: PositiveInt = 4
    """Passes over the pairs at most."""
    pairs_per_step: PositiveInt = 64
    """Pairs in one optimiser step."""
    stop_share: float = Field(0.1, gt=0, lt=0.5)
    """Share of the problems whose pairs decide when to stop."""
    report_share: float = Field(0.1, gt=0, lt=0.5)
    """Share of the problems whose pairs are reported on, and decide nothing."""
    patience: PositiveInt = 3
    """Checks (four an epoch) without a better loss on the stopping pairs after which training ends."""
    members: PositiveInt = 1
    """Reward models to train, which differ in the order of the pairs and in the head they start with."""
    average: bool = False
    """Average the members' weights to one model (WARM, Ramé et al. 2024); they then start with the same head."""


class DemonstrationsConfig(Section):
    """A start model made on the spot: `model.name`, tuned on stylised and noisy copies of the task's references."""

    steps: NonNegativeInt = 0
    """Optimiser steps of supervised learning; 0: no such model is made, and the arms start from `model.name`."""
    learning_rate: PositiveFloat = 3e-3
    wrong: float = Field(0.3, ge=0, lt=1)
    """Share of the demonstrations that carry another problem's answer."""
    phrases: NonNegativeFloat = 1.0
    """Phrases of the vibe rater before the answer, on average (Poisson)."""


class ArmConfig(Section):
    name: str
    """Shown in the report."""
    reward: Literal["verifier", "rater", "learned", "length", "random"] = "learned"
    """`rater` is the utility of the arm's rater itself; `length` the number of tokens; `random` a coin."""
    rater: str = "verifier"
    """Name in `contrast.raters`, of the rater whose labels the reward model learns, or whose utility is the reward."""
    members: PositiveInt = 1
    """Reward models."""
    combine: Combine | Literal["average"] = "mean"
    """How several reward models give one reward: of their scores (`mean`, `min`, `lower`: mean minus a standard
    deviation), or `average`: one model with the average of their weights (WARM)."""
    rounds: NonNegativeInt = 0
    """Times that the reward model is trained again, on the pairs so far and as many new ones of the policy's own."""
    labels: PositiveFloat = 1.0
    """Pairs of the start policy, in units of `preferences.pairs`."""
    flip_rate: float = Field(0.0, ge=0, le=0.5)
    """Share of the verifier's rewards that are turned round, when `reward` is `verifier`."""
    kl_coef: NonNegativeFloat = 0.0
    """`loss.kl_coef` of this arm."""
    config: dict[str, Any] = {}
    """Further sections of the run's config for this arm alone; policy samples and optimiser steps must stay equal."""


class ContrastConfig(Section):
    arms: tuple[ArmConfig, ...] = ()
    """Rewards to train under."""
    only: tuple[str, ...] = ()
    """Names of the arms to run, for a short look; by default all."""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Each arm is run once for each."""
    raters: dict[str, RaterConfig] = {"verifier": RaterConfig(), "vibe": RaterConfig(kind="vibe")}
    """By name."""
    processes: NonNegativeInt = 0
    """Arms that run side by side; 0: as many as there are cores, each with `threads` threads."""
    demonstrations: DemonstrationsConfig = DemonstrationsConfig()
    best_of_n: PositiveInt = 64
    """Largest n of best-of-n, drawn from the start policy."""
    best_of_problems: PositiveInt = 64
    """Held-out problems for it."""
