"""Sample and score: problems in, Groups out. Verification overlaps generation."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from verirl.config import RolloutConfig
from verirl.models import Encode
from verirl.types import Group, Problem, Request, Reward, Sampler, Trajectory, Verdict


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """The groups of one step, and how long verification kept the step waiting once sampling was over (seconds)."""

    groups: list[Group]
    seconds_waiting: float


class ProblemStream:
    """Problems without end: each epoch is a new order, a pure function of the seed and the epoch's number."""

    def __init__(self, problems: Sequence[Problem], seed: int, position: int = 0) -> None:
        self.problems = list(problems)
        self.seed = seed
        self.position = position
        self._order: tuple[int, list[int]] | None = None  # of the epoch that `position` is in

    def next(self, count: int) -> list[Problem]:
        taken = [self._at(self.position + i) for i in range(count)]
        self.position += count
        return taken

    def state(self) -> dict[str, int]:
        return {"position": self.position}

    def _at(self, position: int) -> Problem:
        epoch, index = divmod(position, len(self.problems))
        if self._order is None or self._order[0] != epoch:
            order = list(range(len(self.problems)))
            random.Random(f"{self.seed}/{epoch}").shuffle(order)
            self._order = (epoch, order)
        return self.problems[self._order[1][index]]


def sample_seed(*parts: Any) -> int:
    """A seed of 63 bits for one sample, from what names it: (run seed, step, problem id, sample)."""
    text = "/".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def rollout(
    problems: Sequence[Problem],
    sampler: Sampler,
    reward: Reward,
    encode: Encode,
    config: RolloutConfig,
    seed: int,
    step: int,
    on_group: Callable[[Group], None] = lambda group: None,
) -> Rollout:
    """Draws `group_size` samples a problem; each group goes to the reward as soon as its last sample is there.

    `on_group` is told of every scored group, from the calling thread, for progress.
    """
    size = config.group_size
    requests = [
        Request(
            prompt_ids=prompt_ids,
            max_tokens=config.max_tokens,
            temperature=config.temperature,
            seed=sample_seed(seed, step, position, problem.id, sample),
        )
        for position, problem in enumerate(problems)
        for prompt_ids in [encode(problem, config.max_tokens)]
        for sample in range(size)
    ]
    samples_PG: list[list[Trajectory | None]] = [[None] * size for _ in problems]
    missing = [size] * len(problems)
    scores: dict[int, Future[list[Verdict]]] = {}
    reported: set[int] = set()

    def finished(position: int) -> Group:
        trajectories = [trajectory for trajectory in samples_PG[position] if trajectory is not None]
        return Group(problem=problems[position], trajectories=trajectories, verdicts=scores[position].result())

    with ThreadPoolExecutor(max_workers=len(problems)) as executor:  # threads only wait on worker processes
        for trajectory in sampler.sample(requests):
            position, sample = divmod(trajectory.request, size)
            samples_PG[position][sample] = trajectory
            missing[position] -= 1
            if missing[position] == 0:
                group = [trajectory for trajectory in samples_PG[position] if trajectory is not None]
                scores[position] = executor.submit(reward.score, problems[position], group)
            for done in [p for p, score in scores.items() if score.done() and p not in reported]:
                reported.add(done)
                on_group(finished(done))
        sampled = time.perf_counter()
        groups = [finished(position) for position in range(len(problems))]
    for position in range(len(problems)):
        if position not in reported:
            on_group(groups[position])
    return Rollout(groups=groups, seconds_waiting=time.perf_counter() - sampled)
