"""A control: the longer, the better. Several learned rewards turned out to be little more than this."""

from __future__ import annotations

from collections.abc import Sequence

from verirl.types import Problem, Status, Trajectory, Verdict


class LengthReward:
    """The number of tokens of the response, the end token included."""

    def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        return [
            Verdict(status=Status.SCORED, reward=float(len(trajectory.token_ids)), reason="its length in tokens")
            for trajectory in trajectories
        ]
