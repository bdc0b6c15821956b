"""The loop: problems -> samples -> verdicts -> advantages -> gradient -> weights -> samples.

Everything arrives as an argument, so the same function runs with the scripted sampler in tests, with HF generate and
with vLLM, and `contrast` will call it once per arm with another reward.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from verirl.advantage import group_advantages
from verirl.batch import make_batch
from verirl.config import RunConfig
from verirl.models import Encode
from verirl.rollout import ProblemStream, rollout
from verirl.runlog import RunLog, mean
from verirl.types import Group, Learner, Problem, Reward, Sampler, Status


class Watcher(Protocol):
    """Told how a run is going, for people who look on."""

    def group(self, group: Group) -> None: ...

    def step(self, step: int, metrics: dict[str, float]) -> None: ...


class Unwatched:
    """Nobody looks on."""

    def group(self, group: Group) -> None: ...

    def step(self, step: int, metrics: dict[str, float]) -> None: ...


UNWATCHED = Unwatched()


def train(
    config: RunConfig,
    problems: Sequence[Problem],
    sampler: Sampler,
    reward: Reward,
    learner: Learner,
    encode: Encode,
    log: RunLog,
    watcher: Watcher = UNWATCHED,
    evaluate: Callable[[int], None] = lambda step: None,
) -> None:
    """Trains until `config.steps`, from the newest checkpoint where there is one.

    `evaluate(step)` is called before the first step, every `eval.every` steps, and at the end, with the sampler
    holding the weights of that step. It may be called again for a step that a kill cut short.
    """

    def evaluation_due(step: int) -> bool:
        return step in (0, config.steps) or bool(config.eval.every and step % config.eval.every == 0)

    done, saved = learner.resume()
    log.drop_after(done)
    stream = ProblemStream(problems, config.seed, saved.get("position", 0))
    sampler.load(learner.weights(), version=done)
    if evaluation_due(done):
        evaluate(done)
    for step in range(done + 1, config.steps + 1):
        started = time.perf_counter()
        result = rollout(
            stream.next(config.rollout.problems_per_step),
            sampler,
            reward,
            encode,
            config.rollout,
            config.seed,
            step,
            watcher.group,
        )
        sampled = time.perf_counter()
        advantages_PG = [
            group_advantages([verdict.reward for verdict in group.verdicts], config.loss.std_normalization)
            for group in result.groups
        ]
        batch = make_batch(result.groups, advantages_PG)
        learned = learner.step(batch) if batch is not None else {}
        learnt = time.perf_counter()
        sampler.load(learner.weights(), version=step)
        loaded = time.perf_counter()
        metrics = {
            **rollout_metrics(result.groups, advantages_PG),
            **learned,
            "seconds/sample": sampled - started - result.seconds_waiting,
            "seconds/verify": result.seconds_waiting,
            "seconds/learn": learnt - sampled,
            "seconds/load": loaded - learnt,
            "seconds/step": loaded - started,
        }
        metrics["tokens_per_second"] = metrics["tokens"] / max(metrics["seconds/sample"], 1e-9)
        log.rollouts(step, result.groups, advantages_PG)
        log.step(step, metrics)
        watcher.step(step, metrics)
        if step == config.steps or (config.checkpoint.every and step % config.checkpoint.every == 0):
            learner.save(step, stream.state())
        if evaluation_due(step):
            evaluate(step)


def rollout_metrics(groups: Sequence[Group], advantages_PG: Sequence[Sequence[float | None]]) -> dict[str, float]:
    """What the samples of one step say, by metric name.

    `pass_rate` is the share of `correct` among the samples that a verifier decided; a reward that only scores has none.
    """
    verdicts = [verdict for group in groups for verdict in group.verdicts]
    trajectories = [trajectory for group in groups for trajectory in group.trajectories]
    rewards = [verdict.reward for verdict in verdicts if verdict.reward is not None]
    lengths = [float(len(trajectory.token_ids)) for trajectory in trajectories]
    trained = sum(any(advantages) for advantages in advantages_PG)
    average = mean(rewards)
    decided = [v for v in verdicts if v.status.caused_by_policy and v.status != Status.SCORED]
    return {
        "reward_mean": average,
        "reward_std": mean((reward - average) ** 2 for reward in rewards) ** 0.5,
        **({"pass_rate": mean(v.status == Status.CORRECT for v in decided)} if decided else {}),
        "length_mean": mean(lengths),
        "length_max": max(lengths, default=0.0),
        "truncated_rate": mean(trajectory.finish_reason == "length" for trajectory in trajectories),
        "groups_trained": float(trained),
        "groups_skipped": float(len(groups) - trained),
        "tokens": sum(lengths),
        **{f"status/{status}": float(n) for status, n in sorted(Counter(v.status.value for v in verdicts).items())},
    }
