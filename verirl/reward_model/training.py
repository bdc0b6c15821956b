"""Training a reward model on preference pairs: Bradley and Terry's model, fitted by gradient descent.

    loss = -log sigmoid(r(x, chosen) - r(x, rejected))

averaged over pairs (Bradley & Terry 1952; Ouyang et al. 2022, arXiv:2203.02155, eq. 1). r is the raw score.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from verirl.contrast_config import RewardModelConfig
from verirl.errors import DataError, RunError
from verirl.models import render
from verirl.packing import trees_for
from verirl.reward_model.model import Prompted, RewardModel

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from verirl.reward_model.preferences import Pair

CHECKS_AN_EPOCH = 4
WARMUP = 0.05  # share of the steps over which the learning rate rises
MAX_GRAD_NORM = 1.0
MICRO_BATCH_TOKENS = 4096


@dataclass(frozen=True, kw_only=True)
class TokenPair:
    """A pair as the model reads it: token ids."""

    prompt: tuple[int, ...]
    chosen: tuple[int, ...]
    rejected: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Check:
    """Mean loss and share of pairs told right, on the stopping pairs, after `step` optimiser steps."""

    step: int
    loss: float
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """`steps` were done of at most `planned`; the weights are those of `best`. `seconds` are of wall-clock time."""

    steps: int
    planned: int
    best: Check
    checks: tuple[Check, ...]
    seconds: float


def encode_pairs(pairs: Sequence[Pair], tokenizer: PreTrainedTokenizerBase, context: int) -> list[TokenPair]:
    """Each prompt as the sampler gets it; responses by their tokens, or, where only the text is known, by those of the
    text and the end token. Raises DataError for a pair whose tokens are equal or more than `context`."""
    prompts: dict[str, tuple[int, ...]] = {}
    encoded = []
    for pair in pairs:
        where = f"a pair of problem {pair.problem_id}"
        key = repr(pair.prompt)
        if key not in prompts:
            prompts[key] = tuple(render(tokenizer, pair.prompt, where, add_generation_prompt=True))
        made = TokenPair(
            prompt=prompts[key],
            chosen=pair.chosen_tokens or response_tokens(tokenizer, pair.chosen),
            rejected=pair.rejected_tokens or response_tokens(tokenizer, pair.rejected),
        )
        if made.chosen == made.rejected:
            raise DataError(f"{where}: both responses are the same tokens, so nothing is preferred.")
        longest = len(made.prompt) + max(len(made.chosen), len(made.rejected))
        if not made.prompt or longest > context:
            raise DataError(
                f"{where}: it has {longest} tokens, and the reward model takes between 1 and {context}; leave it out."
            )
        encoded.append(made)
    return encoded


def response_tokens(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    """Of a finished response that nobody sampled."""
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return (*ids, int(tokenizer.eos_token_id))


def bradley_terry_loss(chosen: Tensor, rejected: Tensor) -> Tensor:
    """Mean of -log sigmoid(chosen - rejected), [N] and [N]."""
    return -torch.nn.functional.logsigmoid(chosen - rejected).mean()


def total_steps(pairs: int, options: RewardModelConfig) -> int:
    return options.epochs * math.ceil(pairs / options.pairs_per_step)


def train_reward_model(
    model: RewardModel,
    train_pairs: Sequence[TokenPair],
    stop_pairs: Sequence[TokenPair],
    options: RewardModelConfig,
    seed: int,
    on_step: Callable[[int, dict[str, float]], None] = lambda step, metrics: None,
    micro_batch_tokens: int = MICRO_BATCH_TOKENS,
) -> TrainingResult:
    """AdamW on every weight that requires a gradient; the rate rises linearly, then falls along a cosine to 0.

    The stopping pairs are looked at before the first step and four times an epoch; the weights that did best on them
    are kept, and `options.patience` checks without a better loss end it. The same seed, pairs and number of threads
    give the same weights. `on_step` gets `loss`, `accuracy`, `grad_norm`, `learning_rate`, and at a check `stop_loss`
    and `stop_accuracy`. Raises DataError where there are no pairs, RunError where a loss is not finite.
    """
    if not train_pairs or not stop_pairs:
        raise DataError("a reward model needs pairs to learn from and others to stop by; there are none of one kind.")
    started = time.perf_counter()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=options.learning_rate, weight_decay=0.0, fused=True)
    planned = total_steps(len(train_pairs), options)
    an_epoch = planned // options.epochs
    check_at = {math.ceil(an_epoch * part / CHECKS_AN_EPOCH) for part in range(1, CHECKS_AN_EPOCH + 1)}
    best = Check(step=0, **_measure(model, stop_pairs, micro_batch_tokens))
    weights = _copy(trained)
    checks = [best]
    step = since_best = 0
    while step < planned and since_best < options.patience:
        for batch in _batches(train_pairs, options.pairs_per_step, f"{seed}/{step // an_epoch}"):
            step += 1
            for group in optimizer.param_groups:
                group["lr"] = options.learning_rate * _rate(step, planned)
            metrics = _step(model, trained, optimizer, batch, micro_batch_tokens)
            if (step - 1) % an_epoch + 1 in check_at:
                checks.append(Check(step=step, **_measure(model, stop_pairs, micro_batch_tokens)))
                metrics |= {"stop_loss": checks[-1].loss, "stop_accuracy": checks[-1].accuracy}
                if checks[-1].loss < best.loss:
                    best, since_best = checks[-1], 0
                    weights = _copy(trained)
                else:
                    since_best += 1
            on_step(step, metrics)
            if since_best == options.patience:
                break
    with torch.no_grad():
        for parameter, kept in zip(trained, weights, strict=True):
            parameter.copy_(kept)
    return TrainingResult(
        steps=step, planned=planned, best=best, checks=tuple(checks), seconds=time.perf_counter() - started
    )


@torch.no_grad()
def raw_scores_of_pairs(
    model: RewardModel, pairs: Sequence[TokenPair], micro_batch_tokens: int = MICRO_BATCH_TOKENS
) -> tuple[Tensor, Tensor]:
    """Raw scores of the chosen and of the rejected responses: [N] and [N], float32, on the CPU, in the pairs' order."""
    chosen, rejected = torch.zeros(2, len(pairs))
    for part in _parts(model, pairs, micro_batch_tokens):
        chosen[part], rejected[part] = (side.cpu() for side in _forward(model, [pairs[place] for place in part]))
    return chosen, rejected


def _step(
    model: RewardModel,
    trained: Sequence[torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    batch: Sequence[TokenPair],
    micro_batch_tokens: int,
) -> dict[str, float]:
    """One optimiser step; raises RunError before any weight changes."""
    total = right = 0.0
    for part in _parts(model, batch, micro_batch_tokens):
        chosen, rejected = _forward(model, [batch[place] for place in part])
        loss = bradley_terry_loss(chosen, rejected) * (len(part) / len(batch))
        loss.backward()  # type: ignore[no-untyped-call]
        total += float(loss.detach())
        right += _right(chosen.detach(), rejected.detach())
    norm = torch.nn.utils.clip_grad_norm_(trained, MAX_GRAD_NORM)
    if not (math.isfinite(total) and bool(torch.isfinite(norm))):
        what = "gradient" if math.isfinite(total) else "loss"
        raise RunError(
            f"the {what} of the reward model is not finite: start again with a lower reward_model.learning_rate."
        )
    rate = float(optimizer.param_groups[0]["lr"])
    optimizer.step()
    optimizer.zero_grad()
    return {"loss": total, "accuracy": right / len(batch), "grad_norm": float(norm), "learning_rate": rate}


def _measure(model: RewardModel, pairs: Sequence[TokenPair], micro_batch_tokens: int) -> dict[str, float]:
    chosen, rejected = raw_scores_of_pairs(model, pairs, micro_batch_tokens)
    loss = float(bradley_terry_loss(chosen.double(), rejected.double()))
    if not math.isfinite(loss):
        raise RunError(
            "the reward model's loss on the stopping pairs is not finite: start again with a lower "
            "reward_model.learning_rate."
        )
    return {"loss": loss, "accuracy": _right(chosen, rejected) / len(pairs)}


def _right(chosen: Tensor, rejected: Tensor) -> float:
    """Pairs told right; a tie is half of one."""
    return float((chosen > rejected).sum()) + 0.5 * float((chosen == rejected).sum())


def _forward(model: RewardModel, pairs: Sequence[TokenPair]) -> tuple[Tensor, Tensor]:
    """In one forward pass; a pair's prompt once."""
    groups: list[Prompted] = [(pair.prompt, [pair.chosen, pair.rejected]) for pair in pairs]
    scores = model.raw(groups).view(-1, 2)
    return scores[:, 0], scores[:, 1]


def _parts(model: RewardModel, pairs: Sequence[TokenPair], budget: int) -> Iterator[list[int]]:
    """Indices of pairs that go through the model together: at most `budget` padded tokens, long ones with long ones."""

    def rows(pair: TokenPair) -> tuple[int, int]:
        """(tokens of the longest, number)"""
        sizes = [len(pair.chosen), len(pair.rejected)]
        if trees_for(len(pair.prompt), sizes, model.break_even) == 2:
            return len(pair.prompt) + max(sizes), 2
        return len(pair.prompt) + sum(sizes), 1

    shapes = [rows(pair) for pair in pairs]
    part: list[int] = []
    width = filled = 0
    for place in sorted(range(len(pairs)), key=lambda place: -shapes[place][0]):
        length, number = shapes[place]
        if part and width * (filled + number) > budget:
            yield part
            part, filled = [], 0
        if not part:
            width = length
        part.append(place)
        filled += number
    if part:
        yield part


def _batches(pairs: Sequence[TokenPair], size: int, seed: str) -> Iterator[list[TokenPair]]:
    order = list(range(len(pairs)))
    random.Random(seed).shuffle(order)
    for start in range(0, len(order), size):
        yield [pairs[place] for place in order[start : start + size]]


def _rate(step: int, total: int) -> float:
    """Of the peak, for a step counted from 1."""
    warmup = max(1, round(WARMUP * total))
    if step <= warmup:
        return step / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))


def _copy(parameters: Sequence[torch.nn.Parameter]) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in parameters]
