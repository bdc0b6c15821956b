"""The task's own verifier as a reward, with noise where that is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from verirl.config import NoiseConfig
from verirl.types import Problem, Status, Trajectory, Verdict
from verirl.workers import WorkerPool


class VerifierReward:
    """Asks the task, in the pool of worker processes. Safe to call from several threads.

    `noise` turns rewards round, r to 1 - r, at its rates: by a hash of the seed, the problem's id and, but for noise of kind
    `problem`, the sample's place in the group and the policy's version, so a rerun or a resumed run turns the same ones.
    """

    def __init__(self, pool: WorkerPool, noise: NoiseConfig | None = None, seed: int = 0) -> None:
        self.pool = pool
        self.noise = noise or NoiseConfig()
        self.seed = seed

    def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
        """One verdict per trajectory, in order; rewards in [0, 1], or None where the policy is not to blame.

        A turned reward is marked by `parts["flipped"]` = 1; its status stays what the verifier found.
        """
        verdicts = self.pool.verify_trajectories(problem, trajectories)
        noise = self.noise
        if not noise.false_positive_rate and not noise.false_negative_rate:
            return verdicts
        weights = _length_weights(trajectories) if noise.kind == "length" else [1.0] * len(verdicts)
        found = []
        for place, (verdict, trajectory) in enumerate(zip(verdicts, trajectories, strict=True)):
            correct = verdict.status is Status.CORRECT
            rate = noise.false_negative_rate if correct else noise.false_positive_rate
            if verdict.reward is not None and self._coin(problem.id, place, trajectory) < rate * weights[place]:
                verdict = replace(verdict, reward=1.0 - verdict.reward, parts={**verdict.parts, "flipped": 1.0})
            found.append(verdict)
        return found

    def _coin(self, problem_id: str, place: int, trajectory: Trajectory) -> float:
        """In [0, 1)."""
        version = trajectory.policy_versions[0] if trajectory.policy_versions else 0
        sample = () if self.noise.kind == "problem" else (place, version)
        key = repr(("flip", self.seed, problem_id, *sample)).encode("utf-8", "backslashreplace")
        return (int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") >> 11) / (1 << 53)


def _length_weights(trajectories: Sequence[Trajectory]) -> list[float]:
    """Twice the share of the group that is shorter, equal ones counted by half: their mean is 1."""
    lengths = [len(trajectory.token_ids) for trajectory in trajectories]
    return [sum(2.0 * (other < length) + (other == length) for other in lengths) / len(lengths) for length in lengths]
