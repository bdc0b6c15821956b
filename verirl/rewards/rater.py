"""The rater's own utility as a reward: the wish itself, optimised directly, with no reward model in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from verirl.contrast_config import RaterConfig
from verirl.errors import ConfigError
from verirl.reward_model.raters import style_of, utility
from verirl.types import Problem, Status, Trajectory, Verdict
from verirl.workers import WorkerPool


class RaterReward:
    """Asks the task in the pool of worker processes, then the rater. Safe to call from several threads.

    `max_tokens` is the longest response, in tokens. Raises ConfigError for people (`jsonl`), who have no utility.
    """

    def __init__(self, pool: WorkerPool, rater: RaterConfig, max_tokens: int) -> None:
        if rater.kind == "jsonl":
            raise ConfigError(
                "reward.kind = 'rater' needs a rater with a utility, and `preferences.rater.kind` is 'jsonl': take "
                "'vibe' or 'verifier'."
            )
        self.pool = pool
        self.rater = rater
        self.max_tokens = max_tokens

    def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        """One verdict per trajectory, in order: `scored`, or the verifier's where the policy is not to blame."""
        verdicts = self.pool.verify_group(problem, [trajectory.text for trajectory in trajectories])
        return [self._rated(*pair) for pair in zip(verdicts, trajectories, strict=True)]

    def _rated(self, verdict: Verdict, trajectory: Trajectory) -> Verdict:
        if not verdict.status.caused_by_policy:
            return verdict
        return replace(
            verdict,
            status=Status.SCORED,
            reward=utility(verdict, trajectory, self.rater, self.max_tokens),
            parts={
                "correct": float(verdict.status is Status.CORRECT),
                "style": style_of(verdict, trajectory, self.rater, self.max_tokens),
            },
        )
