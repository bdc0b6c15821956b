"""The learner's step as anybody would write it: each row alone, all logits, a loop over tokens."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from verirl.config import RunConfig
from verirl.types import Batch


def chosen(values: Tensor, batch: Batch) -> list[Tensor]:
    """The learned tokens of [N, T], row by row."""
    return [row[mask == 1] for row, mask in zip(values, batch.mask, strict=True)]


def rows_of(model: Any, batch: Batch, temperature: float) -> list[tuple[Tensor, Tensor]]:
    """Log-probabilities and entropies of each row's learned tokens, [n] each."""
    found = []
    for row, length in enumerate(batch.lengths.tolist()):
        ids = batch.ids[row, :length]
        logits = model(input_ids=ids[None], use_cache=False).logits[0] / temperature
        logprobs = logits.log_softmax(-1)
        at = batch.mask[row].nonzero()[:, 0] - 1
        found.append((logprobs[at, ids[at + 1]], -(logprobs[at].exp() * logprobs[at]).sum(-1)))
    return found


def obvious_loss(
    config: RunConfig,
    batch: Batch,
    rows: Sequence[tuple[Tensor, Tensor]],
    old: Sequence[Tensor],
    reference: Sequence[Tensor] | None,
) -> tuple[Tensor, dict[str, float]]:
    """The loss of one update, and sums over tokens. `old` is what the ratio is taken against."""
    options, kind = config.loss, config.loss.kind
    low, high = options.clip
    sampler = chosen(batch.sampler_logprobs, batch)
    loss = torch.zeros(())
    sums: defaultdict[str, float] = defaultdict(float)
    for row, (logprobs, entropies) in enumerate(rows):
        advantage, size = batch.advantages[row], len(logprobs)
        for t in range(size):
            token_ratio = (logprobs[t] - old[row][t]).exp()
            ratio = token_ratio
            if kind == "gspo":
                ratio = (logprobs - old[row]).mean().exp()
            if kind == "rloo":
                ratio = (logprobs - old[row]).sum().exp()
            bounded = ratio.clamp(1 - low, 1 + high)
            if kind == "cispo":
                term = bounded.detach() * advantage * logprobs[t]
                sums["clip_fraction"] += (bounded != ratio).item()
            else:
                term = torch.minimum(ratio * advantage, bounded * advantage)
                sums["clip_fraction"] += (bounded * advantage < ratio * advantage).item()
            if options.importance_cap is not None:
                importance = (old[row][t] - sampler[row][t]).exp().item()
                term = min(importance, options.importance_cap) * term
                sums["importance"] += importance
                sums["importance squared"] += importance**2
                sums["importance_capped"] += float(importance > options.importance_cap)
            if reference is not None:
                d = logprobs[t] - reference[row][t]
                k1 = d.detach() * (1 + d - d.detach())  # the value of d, the gradient of d^2 / 2
                kl = {"k1": k1, "k2": d**2 / 2, "k3": torch.exp(-d) - 1 + d}[options.kl_estimator]
                term = term - options.kl_coef * kl
                sums["kl"] += kl.item()
            term = term + options.entropy_coef * entropies[t]
            per_sample = 1 / batch.samples / size
            weight = {
                "dr_grpo": 1 / batch.samples / config.rollout.max_tokens,
                "dapo": 1 / batch.tokens,
                "cispo": 1 / batch.tokens,
            }.get(kind, per_sample)
            loss = loss - weight * term
            sums["ratio_mean"] += token_ratio.item()
            sums["entropy"] += entropies[t].item()
    return loss, sums


def obvious_step(config: RunConfig, model: Any, batch: Batch, start: Any = None, rate: float = 0.0) -> dict[str, float]:
    """`updates_per_batch` steps of plain gradient descent. The gradients of the last one stay on the model.

    `start` is the reference of the KL.
    """
    temperature = config.rollout.temperature
    reference = None
    if config.loss.kl_coef:
        reference = [logprobs.detach() for logprobs, _ in rows_of(start, batch, temperature)]
    own = [logprobs.detach() for logprobs, _ in rows_of(model, batch, temperature)]
    sampler = chosen(batch.sampler_logprobs, batch)
    old = chosen(batch.old_logprobs, batch) if config.loss.importance_cap is None else own
    sums: defaultdict[str, float] = defaultdict(float)
    updates = config.optimizer.updates_per_batch
    for _ in range(updates):
        model.zero_grad()
        loss, found = obvious_loss(config, batch, rows_of(model, batch, temperature), old, reference)
        loss.backward()  # type: ignore[no-untyped-call]
        for name, value in {"loss": loss.item(), **found}.items():
            sums[name] += value
        if rate:
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter -= rate * parameter.grad
    tokens = sum(len(row) for row in own)
    drift = torch.cat([(mine - its).abs() for mine, its in zip(own, sampler, strict=True)])
    metrics = {name: sums[name] / tokens / updates for name in ("clip_fraction", "ratio_mean", "entropy")}
    metrics |= {
        "loss": sums["loss"] / updates,
        "drift_mean": float(drift.mean()),
        "drift_max": float(drift.max()),
        "tokens_trained": tokens,
    }
    if reference is not None:
        metrics["kl"] = sums["kl"] / tokens / updates
    if config.loss.importance_cap is not None:
        metrics["importance_mean"] = sums["importance"] / tokens / updates
        metrics["importance_capped"] = sums["importance_capped"] / tokens / updates
        one, squares = sums["importance"] / updates, sums["importance squared"] / updates
        metrics["importance_ess"] = one**2 / squares / tokens
    return metrics


def moved(model: Any, by: float = 0.02, seed: int = 3) -> Any:
    """A copy with noise on its weights: a policy that has left the one that it started as."""
    found = copy.deepcopy(model)
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in found.parameters():
            parameter += by * torch.randn(parameter.shape, generator=draw)
    return found
