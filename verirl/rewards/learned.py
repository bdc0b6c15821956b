"""Reward models as a reward: one, or several whose scores are combined."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import fmean, pstdev
from typing import TYPE_CHECKING

from verirl.contrast_config import Combine
from verirl.errors import ConfigError
from verirl.reward_model.folder import check_tokenizer, load_reward_model, member_folders
from verirl.reward_model.model import Prompted, RewardModel
from verirl.types import Problem, Status, Trajectory, Verdict

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class LearnedReward:
    """Standardised scores of `models`, combined. Safe to call from several threads.

    All scoring happens in one thread of its own, a group at a time (see `RewardModel.scores`): what a group gets does
    not depend on the threads' order, so that a rerun and a resumed run have the same rewards to the bit. Several groups
    in one forward pass would save little, since a group's samples share it already.
    """

    def __init__(self, models: Sequence[RewardModel], combine: Combine) -> None:
        self.models = list(models)
        self.combine = combine
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reward-model")

    @classmethod
    def open(cls, folders: Sequence[str], combine: Combine, tokenizer: PreTrainedTokenizerBase) -> LearnedReward:
        """Of folders of reward models or of runs of `verirl rm train`; `tokenizer` is the policy's.

        Raises ConfigError where there are none, ModelError for one that cannot be loaded or reads other tokens.
        """
        if not folders:
            raise ConfigError("reward.kind = 'learned' needs reward.models: folders of reward models.")
        members = [member for folder in folders for member in member_folders(Path(folder).expanduser())]
        for member in members:
            check_tokenizer(member, tokenizer)
        return cls([load_reward_model(member) for member in members], combine)

    def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        """One verdict per trajectory, in order: `scored`, with the models' own scores as parts; or
        `infrastructure_error` where a score is not finite or a model cannot take so many tokens."""
        return self._thread.submit(self._score, trajectories).result()

    def _score(self, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        started = time.perf_counter()
        context = min(model.context for model in self.models)
        taken = [
            place
            for place, trajectory in enumerate(trajectories)
            if len(trajectory.prompt_ids) and len(trajectory.prompt_ids) + len(trajectory.token_ids) <= context
        ]
        prompts: dict[tuple[int, ...], list[int]] = {}  # of one problem they are the same
        for place in taken:
            prompts.setdefault(tuple(trajectories[place].prompt_ids), []).append(place)
        groups: list[Prompted] = [
            (prompt, [trajectories[place].token_ids for place in places]) for prompt, places in prompts.items()
        ]
        order = [place for places in prompts.values() for place in places]
        found = [dict(zip(order, model.scores(groups).tolist(), strict=True)) for model in self.models]
        seconds = (time.perf_counter() - started) / max(1, len(trajectories))
        return [
            self._verdict([scores[place] for scores in found], seconds)
            if place in found[0]
            else Verdict(
                status=Status.INFRASTRUCTURE_ERROR,
                reason=f"The reward model takes between 1 and {context} tokens.",
            )
            for place in range(len(trajectories))
        ]

    def _verdict(self, scores: Sequence[float], seconds: float) -> Verdict:
        for number, score in enumerate(scores):
            if not math.isfinite(score):
                reason = f"Reward model {number} gave {score}, which is no score."
                return Verdict(status=Status.INFRASTRUCTURE_ERROR, reason=reason, seconds=seconds)
        return Verdict(
            status=Status.SCORED,
            reward=combined(scores, self.combine),
            parts={f"model/{number}": score for number, score in enumerate(scores)},
            seconds=seconds,
        )


def combined(scores: Sequence[float], how: Combine) -> float:
    """One reward of the members' standardised scores: their mean, their smallest (Coste et al. 2023, arXiv:2310.02743), or
    their mean minus their population standard deviation."""
    if how == "min":
        return min(scores)
    return fmean(scores) - (pstdev(scores) if how == "lower" else 0.0)
