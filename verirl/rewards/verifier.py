"""The task's own verifier as a reward."""

from __future__ import annotations

from collections.abc import Sequence

from verirl.types import Problem, Trajectory, Verdict
from verirl.workers import WorkerPool


class VerifierReward:
    """Asks the task, in the pool of worker processes. Safe to call from several threads."""

    def __init__(self, pool: WorkerPool) -> None:
        self.pool = pool

    def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        """One verdict per trajectory, in order; rewards in [0, 1], or None where the policy is not to blame."""
        return self.pool.verify_group(problem, [trajectory.text for trajectory in trajectories])
