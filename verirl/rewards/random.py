"""The control: a reward that knows nothing. What a run learns from it, it learned from the trainer, not the task."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from verirl.types import Problem, Status, Trajectory, Verdict


class RandomReward:
    """0 or 1 by a coin that looks at nothing in the text.

    The coin is a hash of the seed, the problem's id, the sample's place in the group and the policy's version, so a
    rerun or a resumed run tosses the same.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        return [
            Verdict(status=Status.SCORED, reward=float(self._coin(problem.id, place, trajectory)), reason="a coin")
            for place, trajectory in enumerate(trajectories)
        ]

    def _coin(self, problem_id: str, place: int, trajectory: Trajectory) -> int:
        version = trajectory.policy_versions[0] if trajectory.policy_versions else 0
        key = repr((self.seed, problem_id, place, version)).encode("utf-8", "backslashreplace")
        return hashlib.blake2b(key, digest_size=1).digest()[0] & 1
