"""The task's own verifier as a reward, with noise where that is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from verirl.types import Problem, Trajectory, Verdict
from verirl.workers import WorkerPool


class VerifierReward:
    """Asks the task, in the pool of worker processes. Safe to call from several threads.

    With a `flip_rate`, that share of the rewards is turned round, r to 1 - r, by a coin that looks at nothing in the
    text: a hash of the seed, the problem's id, the sample's place in the group and the policy's version, so a rerun or a
    resumed run turns the same ones.
    """

    def __init__(self, pool: WorkerPool, flip_rate: float = 0.0, seed: int = 0) -> None:
        self.pool = pool
        self.flip_rate = flip_rate
        self.seed = seed

    def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        """One verdict per trajectory, in order; rewards in [0, 1], or None where the policy is not to blame.

        A turned reward is marked by `parts["flipped"]` = 1; its status stays what the verifier found.
        """
        verdicts = self.pool.verify_trajectories(problem, trajectories)
        if not self.flip_rate:
            return verdicts
        return [
            replace(verdict, reward=1.0 - verdict.reward, parts={**verdict.parts, "flipped": 1.0})
            if verdict.reward is not None and self._coin(problem.id, place, trajectory) < self.flip_rate
            else verdict
            for place, (verdict, trajectory) in enumerate(zip(verdicts, trajectories, strict=True))
        ]

    def _coin(self, problem_id: str, place: int, trajectory: Trajectory) -> float:
        """In [0, 1)."""
        version = trajectory.policy_versions[0] if trajectory.policy_versions else 0
        key = repr(("flip", self.seed, problem_id, place, version)).encode("utf-8", "backslashreplace")
        return (int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") >> 11) / (1 << 53)
