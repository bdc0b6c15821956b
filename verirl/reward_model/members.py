"""The reward models of one set of pairs: trained, standardised, averaged, kept in a folder, and reported on.

members/K/      a reward model each (folder.py)
average/        their average, where one was asked for
problems.json   {"train": [...], "stop": [...], "report": [...]}: whose pairs were used for what
metrics.jsonl   a line a step
summary.json    what they are worth on the pairs and samples of problems that decided nothing
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from verirl.config import ModelConfig
from verirl.contrast_config import RewardModelConfig
from verirl.errors import DataError
from verirl.models import load_model, render
from verirl.reward_model.calibration import pair_report, score_report
from verirl.reward_model.folder import CARD, load_reward_model, save_reward_model
from verirl.reward_model.model import Prompted, RewardModel, average
from verirl.reward_model.preferences import Pair, split_pairs
from verirl.reward_model.training import (
    TokenPair,
    encode_pairs,
    raw_scores_of_pairs,
    train_reward_model,
)
from verirl.runlog import append_jsonl, read_jsonl, write_atomically, write_jsonl
from verirl.types import Group, Message, Status

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PARTS = ("train", "stop", "report")
MEMBER_SEED = 7919  # apart from the next run's, whose seed is mostly this one's plus one

OnStep = Callable[[int, int, dict[str, float]], None]  # member, step, metrics


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A response with the verifier's verdict. `tokens` are those that were sampled."""

    problem_id: str
    prompt: Sequence[Message]
    text: str
    tokens: tuple[int, ...]
    status: str
    finish_reason: str

    @property
    def correct(self) -> bool:
        return self.status == Status.CORRECT


def samples_of(groups: Sequence[Group]) -> list[Sample]:
    """Without those that have no verdict for which the policy is to blame."""
    return [
        Sample(
            problem_id=group.problem.id,
            prompt=tuple(group.problem.prompt),
            text=trajectory.text,
            tokens=tuple(trajectory.token_ids),
            status=verdict.status.value,
            finish_reason=trajectory.finish_reason,
        )
        for group in groups
        for trajectory, verdict in zip(group.trajectories, group.verdicts, strict=True)
        if verdict.status.caused_by_policy
    ]


def read_samples(path: Path) -> list[Sample]:
    """As `verirl rm collect` writes them; [] where there is no such file. Raises DataError with file and line."""
    samples = []
    for number, line in enumerate(read_jsonl(path), start=1):
        try:
            samples.append(Sample(**{**line, "prompt": tuple(line["prompt"]), "tokens": tuple(line["tokens"])}))
        except (TypeError, KeyError):
            raise DataError(f"{path}, line {number}: not a sample, as `verirl rm collect` writes them.") from None
    return samples


def train_members(
    folder: Path,
    pairs: Sequence[Pair],
    samples: Sequence[Sample],
    backbone: ModelConfig,
    tokenizer: PreTrainedTokenizerBase,
    options: RewardModelConfig,
    seed: int,
    *,
    members: int,
    averages: Sequence[tuple[str, int]] = (),
    micro_batch_tokens: int,
    on_step: OnStep = lambda member, step, metrics: None,
) -> dict[str, Any]:
    """Trains `members` reward models and returns what they are worth, for summary.json.

    The members differ in the order of the pairs and in the head they start with; with `averages` (a folder's name, and
    of how many of the first members) they start with one head, without which an average is of no use. Scores are
    standardised on the samples, or without samples on the responses in the pairs, of problems that were not trained on.
    Members that an earlier call finished are not trained again. Raises DataError, ModelError, RunError.
    """
    train, stop, report = split_pairs(pairs, options.stop_share, options.report_share, seed)
    used = {name: sorted({p.problem_id for p in part}) for name, part in zip(PARTS, (train, stop, report), strict=True)}
    fresh = [sample for sample in samples if sample.problem_id not in set(used["train"])]
    judged = [sample for sample in fresh if sample.problem_id not in set(used["stop"])]
    write_atomically(folder / "problems.json", json.dumps(used) + "\n")
    log = folder / "metrics.jsonl"
    seconds = 0.0
    models: list[RewardModel] = []
    outcomes: list[dict[str, Any]] = []
    encoded: list[list[TokenPair]] = []
    for member in range(members):
        place = folder / "members" / str(member)
        outcome = folder / "members" / f"{member}.json"
        if not ((place / CARD).is_file() and outcome.is_file()):
            write_jsonl(log, [line for line in read_jsonl(log) if line["member"] < member])
            own = seed * MEMBER_SEED + member
            model = RewardModel(
                load_model(backbone, torch.float32), tokenizer, options.head, seed * MEMBER_SEED if averages else own
            )
            encoded = encoded or [encode_pairs(part, tokenizer, model.context) for part in (train, stop)]

            def logged(step: int, metrics: dict[str, float], member: int = member) -> None:
                append_jsonl(log, {"step": step, "member": member, **metrics})
                on_step(member, step, metrics)

            result = train_reward_model(model, encoded[0], encoded[1], options, own, logged, micro_batch_tokens)
            standardize_on(model, fresh, [*stop, *report])
            save_reward_model(model, place)
            made = {
                "steps": result.steps,
                "planned": result.planned,
                "best_step": result.best.step,
                "stop_loss": result.best.loss,
                "stop_accuracy": result.best.accuracy,
                "seconds": round(result.seconds, 2),
            }
            write_atomically(outcome, json.dumps(made) + "\n")
        models.append(load_reward_model(place))
        outcomes.append(json.loads(outcome.read_text(encoding="utf-8")))
        seconds += outcomes[-1]["seconds"]
    summary = {
        "pairs": len(pairs),
        "pairs_by_part": {name: len(part) for name, part in zip(PARTS, (train, stop, report), strict=True)},
        "seconds": round(seconds, 2),
        **reports(models, report, judged),
        "members": [
            {**outcome, **reports([model], report, judged)} for outcome, model in zip(outcomes, models, strict=True)
        ],
    }
    for name, count in averages:
        mean = average(models[:count])
        standardize_on(mean, fresh, [*stop, *report])
        save_reward_model(mean, folder / name)
        summary[name] = {"members": count, **reports([mean], report, judged)}
    return summary


def reports(models: Sequence[RewardModel], pairs: Sequence[Pair], samples: Sequence[Sample]) -> dict[str, Any]:
    """`pair_report` on pairs and `score_report` on samples, flat, of the mean of the models' scores: of raw ones on
    pairs, of standardised ones on samples. A part without data is left out, but for "n_pairs" and "n_samples"."""
    found: dict[str, Any] = {}
    if pairs:
        sides = [raw_scores_of_pairs(m, encode_pairs(pairs, m.tokenizer, m.context)) for m in models]
        chosen, rejected = (torch.stack([side[at] for side in sides]).double().mean(0).numpy() for at in (0, 1))
        found |= pair_report(chosen, rejected, [pair.problem_id for pair in pairs])
    found["n_pairs"] = found.pop("pairs", 0)
    if samples:
        scores = torch.stack([model.scores(_prompted(samples, model.tokenizer)) for model in models]).mean(0).numpy()
        ordered = _ordered(samples)
        lengths = [float(len(sample.tokens)) for sample in ordered]
        found |= score_report(scores, [sample.correct for sample in ordered], lengths)
    found["n_samples"] = found.pop("samples", 0)
    return found


def standardize_on(model: RewardModel, samples: Sequence[Sample], pairs: Sequence[Pair]) -> None:
    """Sets the model's mean and standard deviation, on the responses of the pairs where there are too few samples."""
    if len(samples) > 1:
        model.standardize(model.raw_scores(_prompted(samples, model.tokenizer)))
    else:
        model.standardize(torch.cat(raw_scores_of_pairs(model, encode_pairs(pairs, model.tokenizer, model.context))))


def _prompted(samples: Sequence[Sample], tokenizer: PreTrainedTokenizerBase) -> list[Prompted]:
    """By problem, in the order of `_ordered`."""
    groups: dict[str, Prompted] = {}
    for sample in _ordered(samples):
        if sample.problem_id not in groups:
            where = f"problem {sample.problem_id}"
            groups[sample.problem_id] = (render(tokenizer, sample.prompt, where, add_generation_prompt=True), [])
        prompt, responses = groups[sample.problem_id]
        groups[sample.problem_id] = (prompt, [*responses, sample.tokens])
    return list(groups.values())


def _ordered(samples: Sequence[Sample]) -> list[Sample]:
    """Those of one problem together."""
    places = {name: place for place, name in enumerate(dict.fromkeys(sample.problem_id for sample in samples))}
    return sorted(samples, key=lambda sample: places[sample.problem_id])
