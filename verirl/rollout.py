"""Sample and score: problems in, Groups with their advantages out. Verification overlaps generation."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from verirl.advantage import group_advantages, overlong_penalty
from verirl.config import RolloutConfig, RunConfig
from verirl.messages import problem_from_json, verdict_from_json
from verirl.models import Encode
from verirl.noise import corrected
from verirl.types import Group, Problem, Request, Reward, Sampler, Status, Trajectory, Verdict

RESAMPLES = 2  # of a group that our own faults left without a comparison


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """What one step learns from, and what it cost.

    `advantages_PG` belong to the samples of `groups`. `set_aside` are groups without advantage that dynamic sampling
    replaced. `seconds` are of sampling and scoring together, `seconds_waiting` those of them in which sampling was over
    and verification was not; `resampled` counts groups that were drawn again because of faults of ours.
    """

    groups: list[Group]
    advantages_PG: list[list[float | None]]
    set_aside: list[Group]
    seconds: float
    seconds_waiting: float
    resampled: int


def rollout_from_json(value: Mapping[str, Any]) -> Rollout:
    """The inverse of `dataclasses.asdict`, by way of JSON: floats and all come back as they were."""

    def groups(items: Sequence[Mapping[str, Any]]) -> list[Group]:
        return [
            Group(
                problem=problem_from_json(item["problem"]),
                trajectories=[_trajectory(trajectory) for trajectory in item["trajectories"]],
                verdicts=[verdict_from_json(verdict) for verdict in item["verdicts"]],
            )
            for item in items
        ]

    return Rollout(**{**value, "groups": groups(value["groups"]), "set_aside": groups(value["set_aside"])})


def _trajectory(value: Mapping[str, Any]) -> Trajectory:
    fault = value.get("fault")
    return Trajectory(**{**value, "fault": None if fault is None else verdict_from_json(fault)})


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
    drawn: int = 0,
    attempt: int = 0,
) -> tuple[list[Group], float]:
    """Draws `group_size` samples a problem; each group goes to the reward as soon as its last sample is there.

    `drawn` problems came before these in the step; another `attempt` at them has other seeds. `on_group` is told of every
    scored group, from the calling thread, for progress. Also returns for how long verification kept the caller waiting
    once sampling was over, in seconds.
    """
    size = config.group_size
    again = [f"attempt {attempt}"] if attempt else []
    requests = [
        Request(
            prompt_ids=prompt_ids,
            max_tokens=config.max_tokens,
            temperature=config.temperature,
            seed=sample_seed(seed, step, drawn + position, problem.id, sample, *again),
            problem=problem,
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
    return groups, time.perf_counter() - sampled


class Collector:
    """Draws the batch of a step, in as many rounds as dynamic sampling allows."""

    def __init__(
        self,
        config: RunConfig,
        stream: ProblemStream,
        sampler: Sampler,
        reward: Reward,
        encode: Encode,
        on_group: Callable[[Group], None] = lambda group: None,
    ) -> None:
        self.config = config
        self.stream = stream
        self.sampler = sampler
        self.reward = reward
        self.encode = encode
        self.on_group = on_group

    def collect(self, step: int) -> Rollout:
        """Takes problems from the stream and samples them with the weights that the sampler holds."""
        options = self.config.rollout
        started = time.perf_counter()
        kept: list[tuple[Group, list[float | None]]] = []
        set_aside: list[Group] = []
        waiting, drawn, resampled = 0.0, 0, 0

        def draw(problems: Sequence[Problem], attempt: int = 0) -> list[Group]:
            nonlocal waiting
            groups, seconds = rollout(
                problems,
                self.sampler,
                self.reward,
                self.encode,
                options,
                self.config.seed,
                step,
                self.on_group,
                drawn,
                attempt,
            )
            waiting += seconds
            return groups

        for _ in range(options.dynamic_sampling):
            problems = self.stream.next(options.problems_per_step - len(kept))
            groups = draw(problems)
            for attempt in range(1, RESAMPLES + 1):
                faulty = [place for place, group in enumerate(groups) if _failed_us(group)]
                if not faulty:
                    break
                resampled += len(faulty)
                for place, group in zip(faulty, draw([problems[place] for place in faulty], attempt), strict=True):
                    groups[place] = group
            drawn += len(problems)
            for group in groups:
                advantages = self._advantages(group)
                if options.dynamic_sampling == 1 or any(advantages):
                    kept.append((group, advantages))
                else:
                    set_aside.append(group)
            if len(kept) == options.problems_per_step:
                break
        return Rollout(
            groups=[group for group, _ in kept],
            advantages_PG=[advantages for _, advantages in kept],
            set_aside=set_aside,
            seconds=time.perf_counter() - started,
            seconds_waiting=waiting,
            resampled=resampled,
        )

    def _advantages(self, group: Group) -> list[float | None]:
        """Of the rewards, corrected for known noise, with the overlong punishment added; the rewards in the verdicts stay what they are."""
        options = self.config.rollout
        rewards = [
            None
            if verdict.reward is None
            else corrected(verdict.reward, self.config.reward.noise)
            + overlong_penalty(sum(trajectory.policy_mask), options.max_tokens, options.overlong_buffer)
            for trajectory, verdict in zip(group.trajectories, group.verdicts, strict=True)
        ]
        return group_advantages(rewards, self.config.loss.advantage)


def _failed_us(group: Group) -> bool:
    """Whether faults of ours left fewer than two scored samples, so that nothing can be compared."""
    scored = sum(verdict.reward is not None for verdict in group.verdicts)
    return scored < 2 and any(verdict.status is Status.INFRASTRUCTURE_ERROR for verdict in group.verdicts)
