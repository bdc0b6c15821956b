"""What the arms of one seed share, made before any of them starts: samples of the start policy, each rater's labels of
them, the reward models, and best-of-n. And what an arm buys later: a reward model trained again on its own samples."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from verirl.contrast.plan import Labels, Plan
from verirl.contrast_config import ArmConfig
from verirl.overoptimization import best_of_n
from verirl.reward_model.members import Sample, read_samples, samples_of, train_members
from verirl.reward_model.preferences import (
    Labelled,
    Pair,
    draw,
    label,
    read_pairs,
    read_people_pairs,
    write_pairs,
)
from verirl.reward_model.raters import utility
from verirl.rewards.learned import LearnedReward
from verirl.runlog import mean, write_atomically, write_jsonl
from verirl.session import Session
from verirl.stats import pass_at_k
from verirl.types import Group, Reward, Sampler, Status
from verirl.workers import WorkerPool

ROUND_SEED = 1_000_003  # keeps what is drawn in later rounds apart from what the start policy drew


@dataclass(frozen=True, kw_only=True)
class Spent:
    """`labels` comparisons were shown to a rater; reward models took `seconds` to train."""

    labels: int = 0
    seconds: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(labels=self.labels + other.labels, seconds=self.seconds + other.seconds)

    def as_dict(self) -> dict[str, float]:
        return {"labels": self.labels, "reward_model_seconds": round(self.seconds, 2)}


def prepare_seed(plan: Plan, seed: int) -> None:
    """Does nothing where an earlier call did it all."""
    folder = plan.seed_folder(seed)
    done = folder / "prepared.json"
    if done.exists():
        return
    config = plan.run_config(plan.arms[0], seed)
    session = Session(config)
    problems, held_out = session.problems(config.preferences.split), session.problems(config.eval.split)
    with session.open_pool() as pool:
        session.refuse_episodes(pool)
        pool.prepare([*problems, *held_out])
        sampler = session.sampler()
        times = max((labels.times for labels in plan.reward_models), default=0.0)
        if times:
            samples = math.ceil(config.preferences.samples * math.sqrt(times))  # comparisons grow with their square
            groups = draw(problems, sampler, pool.verify_group, session.encode, config, seed, samples)
            for labels, members in plan.reward_models.items():
                _learn_first(plan, seed, session, labels, members, groups)
        first = held_out[: config.contrast.best_of_problems]
        drawn = draw(first, sampler, pool.verify_group, session.encode, config, seed, config.contrast.best_of_n)
        best = _best_of_n(plan, drawn, first_models(plan, seed, session.tokenizer))
        write_atomically(folder / "best-of-n.json", json.dumps(best) + "\n")
    write_atomically(done, json.dumps({"pairs_problems": len(problems)}) + "\n")


def _learn_first(
    plan: Plan, seed: int, session: Session, labels: Labels, members: int, groups: Sequence[Group]
) -> None:
    """Trains the reward models of one rater's labels of the start policy's samples."""
    folder = plan.reward_model_folder(seed, labels)
    if (folder / "summary.json").exists():
        return
    options = plan.config.preferences
    rater = plan.rater(labels.rater)
    wanted = round(labels.times * options.pairs)
    if rater.kind == "jsonl":
        pairs = read_people_pairs(Path(options.data or ""))[:wanted]
        labelled = Labelled(pairs=pairs, asked=len(pairs), ties=0, flipped=0)
    else:
        labelled = label(groups, rater, wanted, options.pairs_per_problem, seed, plan.config.rollout.max_tokens)
    write_pairs(folder / "pairs.jsonl", labelled.pairs)
    write_jsonl(folder / "samples.jsonl", map(asdict, samples_of(groups)))
    averaged = {arm.members for arm in plan.arms if arm.combine == "average" and _labels(arm) == labels}
    found = _train(session, folder, labelled.pairs, samples_of(groups), seed, members, averaged)
    counts = {"pairs": len(labelled.pairs), "asked": labelled.asked, "ties": labelled.ties, "flipped": labelled.flipped}
    write_atomically(folder / "summary.json", json.dumps({**found, **counts}, indent=2) + "\n")


def _train(
    session: Session,
    folder: Path,
    pairs: Sequence[Pair],
    samples: Sequence[Sample],
    seed: int,
    members: int = 1,
    averages: Collection[int] = (),
) -> dict[str, Any]:
    """From the start policy's weights; standardised on `samples`, which are the start policy's."""
    session.set_threads()
    return train_members(
        folder,
        pairs,
        samples,
        session.config.model,
        session.tokenizer,
        session.config.reward_model,
        seed,
        members=members,
        averages=[(f"average-{count}", count) for count in sorted(averages)],
        micro_batch_tokens=session.config.optimizer.micro_batch_tokens,
    )


def _labels(arm: ArmConfig) -> Labels:
    return Labels(rater=arm.rater, times=arm.labels)


class Retraining:
    """Trains an arm's reward model again, on all pairs so far and new ones of the policy as it is now."""

    def __init__(
        self, plan: Plan, arm: ArmConfig, seed: int, session: Session, sampler: Sampler, pool: WorkerPool
    ) -> None:
        self.plan, self.arm, self.seed = plan, arm, seed
        self.session, self.sampler, self.pool = session, sampler, pool

    def round(self, number: int) -> tuple[Path, Spent]:
        """The folder of round `number`'s model, and what it cost; trained where an earlier call has not done so. The
        sampler must hold the policy's weights."""
        plan, options = self.plan, self.plan.config.preferences
        here = plan.arm_folder(self.seed, self.arm) / "reward-models"
        folder = here / f"round-{number}"
        if not (folder / "cost.json").exists():
            problems = self.session.problems(options.split)
            config, encode = self.session.config, self.session.encode
            seed = self.seed + ROUND_SEED * number
            groups = draw(problems, self.sampler, self.pool.verify_group, encode, config, seed, options.samples)
            labelled = label(
                groups,
                plan.rater(self.arm.rater),
                options.pairs,
                options.pairs_per_problem,
                seed,
                config.rollout.max_tokens,
            )
            write_pairs(folder / "pairs.jsonl", labelled.pairs)
            first = plan.reward_model_folder(self.seed, _labels(self.arm))
            before = [here / f"round-{earlier}" for earlier in range(1, number)]
            pairs = [pair for each in (first, *before, folder) for pair in read_pairs(each / "pairs.jsonl")]
            found = _train(self.session, folder, pairs, read_samples(first / "samples.jsonl"), self.seed)
            spent = Spent(labels=labelled.asked, seconds=found["seconds"])
            write_atomically(folder / "cost.json", json.dumps(spent.as_dict()) + "\n")
        cost = json.loads((folder / "cost.json").read_text())
        return folder, Spent(labels=cost["labels"], seconds=cost["reward_model_seconds"])


def first_models(plan: Plan, seed: int, tokenizer: Any) -> dict[str, Reward]:
    """The first reward model of each rater, by the rater's name."""
    folders = {
        rater: plan.reward_model_folder(seed, Labels(rater=rater, times=1.0)) / "members" / "0"
        for rater in plan.raters_learned
    }
    return {rater: LearnedReward.open([str(folder)], "mean", tokenizer) for rater, folder in folders.items()}


def bought(plan: Plan, seed: int, labels: Labels) -> Spent:
    """What the reward models of the start policy's labels cost."""
    summary = json.loads((plan.reward_model_folder(seed, labels) / "summary.json").read_text())
    return Spent(labels=summary["asked"], seconds=summary["seconds"])


def _best_of_n(plan: Plan, groups: Sequence[Group], models: Mapping[str, Reward]) -> dict[str, Any]:
    """Of the start policy: what is passed when a judge picks among n samples, averaged over the problems."""
    most = min(len(group.trajectories) for group in groups)
    ns = [1 << power for power in range(most.bit_length()) if 1 << power <= most]
    max_tokens = plan.config.rollout.max_tokens
    wish = plan.rater(plan.wish)
    scores: dict[str, list[list[float]]] = {
        rater: [[v.reward or 0.0 for v in model.score(g.problem, g.trajectories)] for g in groups]
        for rater, model in models.items()
    }
    scores["utility"] = [
        [
            utility(verdict, trajectory, wish, max_tokens)
            for verdict, trajectory in zip(g.verdicts, g.trajectories, strict=True)
        ]
        for g in groups
    ]
    truths = [[float(verdict.status is Status.CORRECT) for verdict in group.verdicts] for group in groups]
    right = [round(sum(truth)) for truth in truths]
    return {
        "n": ns,
        "problems": len(groups),
        "samples": most,
        "writing": mean(mean(truth) for truth in truths),
        "verifier": [mean(pass_at_k(len(t), c, n) for t, c in zip(truths, right, strict=True)) for n in ns],
        "by": {
            name: {
                "truth": _over_problems(proxies, truths, ns),
                "proxy": _over_problems(proxies, proxies, ns),
            }
            for name, proxies in scores.items()
        },
    }


def _over_problems(
    proxies: Sequence[Sequence[float]], truths: Sequence[Sequence[float]], ns: Sequence[int]
) -> list[float]:
    each = [best_of_n(proxy, truth, ns) for proxy, truth in zip(proxies, truths, strict=True)]
    return [mean(values[place] for values in each) for place in range(len(ns))]
