"""The loop: problems -> samples -> verdicts -> advantages -> gradient -> weights -> samples.

Everything arrives as an argument, so the same function runs with the scripted sampler in tests, with HF generate and
with vLLM, and `contrast` will call it once per arm with another reward.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict
from typing import Any, Protocol

from verirl.batch import make_batch
from verirl.config import RunConfig
from verirl.guards import Guard, heed
from verirl.interrupt import Interruption, WholeSteps
from verirl.models import Encode
from verirl.rollout import Collector, ProblemStream, Rollout, rollout_from_json
from verirl.runlog import RunLog, mean
from verirl.types import Group, Learner, Problem, Reward, Sampler, Status


class Watcher(Protocol):
    """Told how a run is going, for people who look on."""

    def group(self, group: Group) -> None: ...

    def step(self, step: int, metrics: dict[str, float]) -> None: ...

    def warning(self, step: int, name: str, text: str) -> None: ...


class Unwatched:
    """Nobody looks on."""

    def group(self, group: Group) -> None: ...

    def step(self, step: int, metrics: dict[str, float]) -> None: ...

    def warning(self, step: int, name: str, text: str) -> None: ...


UNWATCHED = Unwatched()
UNINTERRUPTED = Interruption()


def train(
    config: RunConfig,
    problems: Sequence[Problem],
    sampler: Sampler,
    reward: Reward,
    learner: Learner,
    encode: Encode,
    log: RunLog,
    watcher: Watcher = UNWATCHED,
    evaluate: Callable[[int], float | None] = lambda step: None,
    interruption: Interruption = UNINTERRUPTED,
) -> None:
    """Trains until `config.steps`, from the newest checkpoint where there is one.

    `evaluate(step)` is called before the first step, every `eval.every` steps, and at the end, with the sampler holding
    the weights of that step, and gives the pass rate by which the best checkpoint is kept. It is called again for the
    step that a resumed run goes on from. A KeyboardInterrupt leaves here when the last whole step has been saved, and
    says so.
    """

    def evaluation_due(step: int) -> bool:
        return step in (0, config.steps) or bool(config.eval.every and step % config.eval.every == 0)

    def evaluate_and_rate(step: int) -> None:
        score = evaluate(step)
        if score is not None and step:  # the start model has no checkpoint
            learner.rate(step, score)

    def checkpoint_due(step: int) -> bool:
        return evaluation_due(step) or bool(config.checkpoint.every and step % config.checkpoint.every == 0)

    done, before = learner.resume()
    log.drop_after(done)
    guard = Guard(log.metrics())
    stream = ProblemStream(problems, config.seed, before.get("position", 0))
    collector = Collector(config, stream, sampler, reward, encode, watcher.group)
    sampler.load(learner.weights(), version=done)
    if evaluation_due(done) or log.evaluation_begun(done):  # begun where a run that was to end here is made longer
        evaluate_and_rate(done)
    steps = WholeSteps(learner, done, interruption)
    place = stream.state()  # after the last whole step
    ahead: Future[Rollout] | None = None  # the next step's batch, being sampled while this one is learned from
    if "ahead" in before:  # it was drawn from older weights, which are gone
        ahead = Future()
        ahead.set_result(rollout_from_json(before["ahead"]))

    def place_now() -> dict[str, Any]:
        return place if ahead is None else {**stream.state(), "ahead": asdict(ahead.result())}

    with ThreadPoolExecutor(max_workers=1) as background, steps.saved_on_interruption(place_now):
        for step in range(done + 1, config.steps + 1):
            started = time.perf_counter()
            result = collector.collect(step) if ahead is None else ahead.result()
            sampled = time.perf_counter()
            with steps.step(step):
                place = stream.state()
                # Nothing is ahead when a checkpoint comes: it speaks of one policy and one place in the stream.
                overlap = config.rollout.off_policy and not checkpoint_due(step)
                ahead = background.submit(collector.collect, step + 1) if overlap else None
                batch = make_batch(result.groups, result.advantages_PG, config.loss.every_row)
                learned = {}
                if batch is not None:
                    sampler.release()
                    learned = learner.step(batch)
                learnt = time.perf_counter()
                if ahead is not None:
                    wait([ahead])
                waited = time.perf_counter()
                sampler.load(learner.weights(), version=step)
                loaded = time.perf_counter()
                metrics = {
                    **rollout_metrics(result),
                    **learned,
                    "seconds/sample": result.seconds - result.seconds_waiting,
                    "seconds/verify": result.seconds_waiting,
                    "seconds/learn": learnt - sampled,
                    "seconds/load": loaded - waited,
                    "seconds/step": loaded - started,
                }
                log.rollouts(step, result)
                log.step(step, metrics)
                watcher.step(step, metrics)
                heed(guard.see(step, metrics), log, watcher)
                if evaluation_due(step) or (checkpoint_due(step) and not guard.exploding):
                    steps.save(step, place)
            if evaluation_due(step):
                evaluate_and_rate(step)


def rollout_metrics(result: Rollout) -> dict[str, float]:
    """What the samples of one step say, by metric name; groups that dynamic sampling set aside are among them.

    `pass_rate` is the share of `correct` among the samples that a verifier decided; a reward that only scores has none.
    """
    groups = [*result.groups, *result.set_aside]
    verdicts = [verdict for group in groups for verdict in group.verdicts]
    trajectories = [trajectory for group in groups for trajectory in group.trajectories]
    rewards = [verdict.reward for verdict in verdicts if verdict.reward is not None]
    lengths = [float(len(trajectory.token_ids)) for trajectory in trajectories]
    trained = sum(any(advantages) for advantages in result.advantages_PG)
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
        "groups_resampled": float(result.resampled),
        "tokens": sum(lengths),
        "tokens_per_second": sum(lengths) / max(result.seconds - result.seconds_waiting, 1e-9),
        **{f"status/{status}": float(n) for status, n in sorted(Counter(v.status.value for v in verdicts).items())},
    }
