"""The trained model and its optimiser: one step of GRPO or of supervised learning. Checkpoints are in checkpoint.py."""

from __future__ import annotations

import contextlib
import copy
import ctypes
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.checkpoint import checkpoint as checkpoint_call

from verirl import checkpoint, head, lora
from verirl.config import OptimizerConfig, RunConfig
from verirl.errors import ConfigError, ModelError, RunError
from verirl.guards import start_again
from verirl.loss import policy_loss
from verirl.packing import Branch, Packed, Tree, batch_trees, micro_batches, pack
from verirl.runlog import mean
from verirl.types import Batch

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class TorchLearner:
    """Float32 weights and AdamW, on a GPU where there is one; products in bfloat16 there (`model.dtype`).

    Dropout is off: the ratio compares one policy to itself.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, config: RunConfig, checkpoints: Path
    ) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if self.device.type == "cpu":
            keep_freed_memory()
        self.model = model.to(self.device).eval()  # type: ignore[arg-type]
        self.tokenizer = tokenizer
        self.config = config
        self.checkpoints = checkpoints
        self.updates = 0
        self._dtype = torch.float32
        self._break_even = break_even(self.model)
        self._head_is_plain = self._check_head()
        self._check_packing()
        self._reference: PreTrainedModel | None = None
        if config.model.lora_rank:
            lora.add_lora(self.model, config.model.lora_rank, config.model.lora_alpha, config.seed)
        elif config.loss.kl_coef:
            self._reference = copy.deepcopy(self.model).requires_grad_(False)
        if config.model.gradient_checkpointing:
            _checkpoint_gradients(self.model)
        self.trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizer = _make_optimizer(self.trained, config.optimizer)
        bfloat16 = config.model.dtype == "bfloat16" or (config.model.dtype == "auto" and self.device.type == "cuda")
        if bfloat16:
            self._dtype = torch.bfloat16

    def step(self, batch: Batch) -> dict[str, float]:
        """`updates_per_batch` optimiser steps on a batch, each on the gradient of all of it. Returns metrics by name.

        Gradients are summed over micro-batches. What is averaged over tokens is averaged over the updates too.
        """
        loss, options = self.config.loss, self.config.optimizer
        parts = self.packed(batch)
        totals: defaultdict[str, float] = defaultdict(float)
        drift_max = 0.0
        own = torch.zeros_like(batch.mask)  # the learner's log-probabilities before the first update
        reference = None
        if loss.kl_coef:
            with lora.adapters_off(self.model):
                reference = self.logprobs(batch, parts, self.config.rollout.temperature, self._reference)
        updates: list[dict[str, float]] = []
        for update in range(options.updates_per_batch):
            for packed in parts:
                chosen, entropies = self.token_logprobs(packed, self.config.rollout.temperature)
                at = packed.samples, packed.columns
                if not update:
                    own[at] = chosen.detach()
                    drift = (chosen.detach() - batch.sampler_logprobs[at]).abs()
                    totals["drift"] += float(drift.sum())
                    drift_max = max(drift_max, float(drift.max()))
                rows, local = torch.unique(packed.samples, return_inverse=True)
                here = local, packed.columns
                shape = len(rows), batch.mask.shape[1]
                output = policy_loss(
                    loss.kind,
                    torch.zeros(shape).index_put(here, chosen),
                    (batch.old_logprobs if loss.importance_cap is None else own)[rows],
                    batch.advantages[rows],
                    batch.mask[rows],
                    samples=batch.samples,
                    tokens=batch.tokens,
                    max_tokens=self.config.rollout.max_tokens,
                    clip=loss.clip,
                    sampler_logprobs=batch.sampler_logprobs[rows],
                    importance_cap=loss.importance_cap,
                    ref_logprobs=None if reference is None else reference[rows],
                    kl_coef=loss.kl_coef,
                    kl_estimator=loss.kl_estimator,
                    entropies=torch.zeros(shape).index_put(here, entropies) if loss.entropy_coef else None,
                    entropy_coef=loss.entropy_coef,
                )
                output.loss.backward()  # type: ignore[no-untyped-call]
                totals["loss"] += float(output.loss.detach())
                totals["entropy"] += float(entropies.detach().sum())
                for name, value in output.metrics.items():
                    totals[name] += value
            updates.append(self._update(totals["loss"]))
        tokens = float(batch.mask.sum())
        seen = tokens * len(updates)
        metrics = {
            "loss": totals["loss"] / len(updates),
            "clip_fraction": totals["clipped"] / seen,
            "ratio_mean": totals["ratio"] / seen,
            "entropy": totals["entropy"] / seen,
            "drift_mean": totals["drift"] / tokens,
            "drift_max": drift_max,
            "tokens_trained": tokens,
            "grad_norm": mean(update["grad_norm"] for update in updates),
            "learning_rate": updates[-1]["learning_rate"],
        }
        if reference is not None:
            metrics["kl"] = totals["kl"] / seen
        if loss.importance_cap is not None:
            metrics["importance_mean"] = totals["importance"] / seen
            metrics["importance_capped"] = totals["importance_capped"] / seen
            # Kish's effective sample size, as a share of the tokens.
            metrics["importance_ess"] = totals["importance"] ** 2 / (totals["importance_squared"] * seen)
        if self.device.type == "cuda":
            # Of all processes. torch keeps what it had at the peak of the step, so this is that peak.
            free, total = torch.cuda.mem_get_info(self.device)
            metrics["gpu_peak_gib"] = (total - free) / (1 << 30)
        return metrics

    def packed(self, batch: Batch) -> list[Packed]:
        """The batch in parts of `optimizer.micro_batch_tokens`, as the model reads it."""
        budget = self.config.optimizer.micro_batch_tokens
        return list(micro_batches(list(batch_trees(batch, budget, self._break_even)), budget))

    @torch.no_grad()
    def logprobs(
        self, batch: Batch, parts: Sequence[Packed], temperature: float, model: PreTrainedModel | None = None
    ) -> torch.Tensor:
        """[N, T] of the batch's tokens under `model`, or the trained one; 0 where the policy wrote nothing."""
        found = torch.zeros_like(batch.mask)
        for packed in parts:
            found[packed.samples, packed.columns] = self.token_logprobs(packed, temperature, model)[0]
        return found

    def sft_step(self, rows: Sequence[Sequence[Tree]]) -> dict[str, float]:
        """One optimiser step of next-token cross-entropy, averaged over the learned tokens of all rows."""
        width = max(sum(tree.size for tree in row) for row in rows)
        rows_at_once = max(1, self.config.optimizer.micro_batch_tokens // width)
        tokens = sum(sum(branch.mask) for row in rows for tree in row for branch in tree.branches)
        total = 0.0
        for start in range(0, len(rows), rows_at_once):
            chosen, _ = self.token_logprobs(pack(rows[start : start + rows_at_once]), temperature=1.0)
            loss = -chosen.sum() / tokens
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        return {"loss": total, "tokens_trained": float(tokens), **self._update(total)}

    def token_logprobs(
        self, packed: Packed, temperature: float, model: PreTrainedModel | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-probabilities of the K learned tokens, and the entropies that they were drawn from: both [K], on the CPU.

        `model` is the trained one unless another is given. The entropies carry a gradient where the loss has a bonus for
        them. Logits are computed only at the positions that predict a learned token, where the head is a plain product.
        """
        model = model or self.model
        rows = packed.to(self.device)
        inputs: dict[str, Any] = {
            "input_ids": rows.ids,
            "attention_mask": attention_mask(rows, model),
            "position_ids": rows.positions,
            "use_cache": False,
        }
        wants_entropy = bool(self.config.loss.entropy_coef)
        with torch.autocast(self.device.type, self._dtype, enabled=self._dtype != torch.float32):
            if not self._head_is_plain:
                logits = model(**inputs).logits.flatten(0, 1)[rows.predictors]
            else:
                hidden = model.base_model(**inputs).last_hidden_state.flatten(0, 1)[rows.predictors]  # [K, hidden size]
        if not self._head_is_plain:
            found = head.logprobs_of_logits(logits, rows.targets, temperature)
        else:
            output = model.get_output_embeddings()
            bias = getattr(output, "bias", None)
            found = head.token_logprobs(
                hidden.to(self._dtype), output.weight, bias, rows.targets, temperature, wants_entropy
            )
        return found[0].cpu(), found[1].cpu()

    def weights(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Names as in the HF checkpoint; tied weights once, adapters merged."""
        return lora.merged_weights(self.model)

    def save(self, step: int, stream: Mapping[str, Any]) -> None:
        """Writes checkpoints/step-NNNNNN, whole or not at all; see checkpoint.py."""
        checkpoint.save(self, step, stream)

    def rate(self, step: int, score: float) -> None:
        """Notes the held-out pass rate of a saved step; the best checkpoint is kept."""
        checkpoint.rate(self, step, score)

    def resume(self) -> tuple[int, Mapping[str, Any]]:
        """Goes on from the newest checkpoint: its step and the problem stream's state; (0, {}) where there is none."""
        return checkpoint.resume(self)

    def _update(self, loss: float) -> dict[str, float]:
        """One optimiser step on the gradients at hand, which are used up. Raises RunError, before any weight changes,
        where the loss or its gradient is not finite; and where the new weights are not, before anybody uses them."""
        options = self.config.optimizer
        norm = torch.nn.utils.clip_grad_norm_(self.trained, options.max_grad_norm)
        if not (math.isfinite(loss) and torch.isfinite(norm)):
            self.optimizer.zero_grad()
            what = "gradient" if math.isfinite(loss) else "loss"
            raise RunError(f"the {what} is not finite, so no weight was changed. {start_again(self.checkpoints)}")
        rate = options.learning_rate * min(1.0, (self.updates + 1) / max(1, options.warmup_steps))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        if not torch.isfinite(torch.nn.utils.get_total_norm(self.trained)):
            raise RunError(f"the weights are no longer finite. {start_again(self.checkpoints)}")
        self.updates += 1
        return {"grad_norm": float(norm), "learning_rate": rate}

    @torch.no_grad()
    def _check_head(self) -> bool:
        """Whether logits are just the output embedding times the last hidden state (some models scale or cap them)."""
        ids = torch.arange(4, device=self.device)[None]
        hidden = self.model.base_model(input_ids=ids, use_cache=False).last_hidden_state
        logits = self.model(input_ids=ids, use_cache=False).logits
        return torch.allclose(self.model.get_output_embeddings()(hidden), logits, rtol=1e-4, atol=1e-4)

    @torch.no_grad()
    def _check_packing(self) -> None:
        """Raises ModelError for a model that gives a response in a packed row other numbers than alone.

        Recurrent layers do, for they know no attention mask, and positions that are made of one.
        """
        prompt, responses = [1, 2, 3], torch.tensor([[4, 5], [3, 1]])
        branches = [Branch(ids=ids, mask=[1] * len(ids)) for ids in responses.tolist()]
        alone = torch.tensor([[*prompt, *branch.ids] for branch in branches], device=self.device)
        logits = self.model(input_ids=alone, use_cache=False).logits[:, len(prompt) - 1 : -1]
        expected = logits.cpu().float().log_softmax(-1).gather(2, responses[:, :, None]).flatten()
        refusal = ModelError(
            f"{type(self.model).__name__} cannot be trained here: it does not keep responses in one row apart by their "
            "attention mask (recurrent layers do not, for instance); take another model."
        )
        try:
            found, _ = self.token_logprobs(pack([[Tree(prompt=prompt, branches=branches)]]), temperature=1.0)
        except Exception as error:  # whatever a model says to a mask of this kind
            raise refusal from error
        if not torch.allclose(found, expected, rtol=1e-2, atol=1e-2):
            raise refusal


def break_even(model: PreTrainedModel) -> float:
    """Row length (tokens) at which attention's products, 4 x hidden size x layers a pair of tokens, are as many as those
    with weights, 2 x weights a token. The output head, which sees responses alone, is not counted."""
    config: Any = model.config.get_text_config()
    weights = sum(p.numel() for p in model.parameters()) - model.get_input_embeddings().weight.numel()  # type: ignore[operator]
    return float(2 * weights / (4 * config.hidden_size * config.num_hidden_layers))


def _make_optimizer(parameters: Sequence[torch.nn.Parameter], options: OptimizerConfig) -> torch.optim.Optimizer:
    """Raises ConfigError where the 8-bit one is not installed."""
    settings: dict[str, Any] = {
        "lr": options.learning_rate,
        "betas": (options.beta1, options.beta2),
        "weight_decay": options.weight_decay,
    }
    if options.kind == "adamw":
        return torch.optim.AdamW(parameters, fused=True, **settings)
    try:
        from bitsandbytes.optim import AdamW8bit
    except ImportError:
        raise ConfigError(
            "`optimizer.kind` is 'adamw_8bit', which needs bitsandbytes: pip install 'verirl[adamw8bit]'."
        ) from None
    made: torch.optim.Optimizer = AdamW8bit(parameters, **settings)
    return made


def attention_mask(rows: Packed, model: PreTrainedModel) -> torch.Tensor | dict[str, torch.Tensor]:
    """In the form that the model's attention takes; by kind of layer where only some attend to a sliding window."""

    def prepared(window: int | None = None) -> torch.Tensor:
        mask = rows.attention_mask(window)
        if model.config._attn_implementation != "eager":
            return mask
        scores = torch.zeros(mask.shape, device=mask.device)  # "eager" adds the mask to the scores
        return scores.masked_fill(~mask, torch.finfo(scores.dtype).min)

    window = getattr(model.config, "sliding_window", None)
    if window is None:
        return prepared()
    if "full_attention" not in (getattr(model.config, "layer_types", None) or ()):
        return prepared(window)
    return {"full_attention": prepared(), "sliding_attention": prepared(window)}


def _checkpoint_gradients(model: PreTrainedModel) -> None:
    """Layers keep only their inputs and are computed again for the gradient.

    What transformers has for this works in training mode alone, which would switch dropout on. Raises ModelError for a
    model that is not built of layers that can do this.
    """
    from transformers.modeling_layers import GradientCheckpointingLayer

    layers = [module for module in model.modules() if isinstance(module, GradientCheckpointingLayer)]
    if not layers:
        raise ModelError(f"{type(model).__name__} cannot do `model.gradient_checkpointing`; set it to false.")
    for layer in layers:
        layer.forward = partial(checkpoint_call, layer.forward, use_reentrant=False, preserve_rng_state=False)


def keep_freed_memory() -> None:
    """Tells glibc to reuse large blocks instead of handing them back to the kernel after every step.

    Fetching them anew, zeroed page by page, took a third of a step's time.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library
        libc = ctypes.CDLL(None)
        libc.mallopt(-4, 0)  # M_MMAP_MAX
        libc.mallopt(-1, -1)  # M_TRIM_THRESHOLD: never
