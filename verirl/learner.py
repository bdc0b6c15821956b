"""The trained model: its optimiser, one step of GRPO or of supervised learning, and its checkpoints."""

from __future__ import annotations

import contextlib
import ctypes
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from verirl.config import RunConfig
from verirl.errors import RunError
from verirl.loss import grpo_loss
from verirl.models import atomic_folder
from verirl.packing import Packed, Tree, batch_trees, micro_batches, pack
from verirl.runlog import list_checkpoints
from verirl.types import Batch

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class TorchLearner:
    """Float32 weights, AdamW, on a GPU where there is one. Dropout stays off: the ratio compares one policy to itself."""

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, config: RunConfig, checkpoints: Path
    ) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if self.device.type == "cpu":
            _keep_freed_memory()
        self.model = model.to(self.device).eval()  # type: ignore[arg-type]
        self.tokenizer = tokenizer
        self.config = config
        self.checkpoints = checkpoints
        self.updates = 0
        options = config.optimizer
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=options.learning_rate,
            betas=(options.beta1, options.beta2),
            weight_decay=options.weight_decay,
            fused=True,
        )
        self._head_is_plain = self._check_head()

    def step(self, batch: Batch) -> dict[str, float]:
        """One optimiser step on a batch; the gradient is summed over micro-batches. Returns metrics by name."""
        temperature = self.config.rollout.temperature
        clip = self.config.loss
        totals = dict.fromkeys(("loss", "clipped_tokens", "entropy", "drift"), 0.0)
        drift_max = 0.0
        tokens = float(batch.mask.sum())
        shape = batch.mask.shape
        budget = self.config.optimizer.micro_batch_tokens
        for packed in micro_batches(list(batch_trees(batch, budget)), budget):
            chosen, spread = self.token_logprobs(packed, temperature)
            at = packed.samples, packed.columns
            mask = torch.zeros(shape).index_put(at, torch.ones(1))
            logprobs = torch.zeros(shape).index_put(at, chosen)
            output = grpo_loss(
                logprobs, batch.old_logprobs, batch.advantages, mask, batch.samples, clip.clip_low, clip.clip_high
            )
            output.loss.backward()  # type: ignore[no-untyped-call]
            drift = (chosen.detach() - batch.sampler_logprobs[at]).abs()
            totals["loss"] += float(output.loss.detach())
            totals["clipped_tokens"] += output.metrics["clipped_tokens"]
            totals["entropy"] += float(spread.sum())
            totals["drift"] += float(drift.sum())
            drift_max = max(drift_max, float(drift.max()))
        return {
            "loss": totals["loss"],
            "clip_fraction": totals["clipped_tokens"] / tokens,
            "entropy": totals["entropy"] / tokens,
            "drift_mean": totals["drift"] / tokens,
            "drift_max": drift_max,
            "tokens_trained": tokens,
            **self._update(),
        }

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
        return {"loss": total, "tokens_trained": float(tokens), **self._update()}

    def token_logprobs(self, packed: Packed, temperature: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-probabilities of the K learned tokens, and the entropies they were drawn from (without gradient): both [K].

        Logits are computed only at the positions that predict a learned token. Both tensors are on the CPU.
        """
        rows = packed.to(self.device)
        inputs: dict[str, Any] = {
            "input_ids": rows.ids,
            "attention_mask": rows.attention_mask(),
            "position_ids": rows.positions,
            "use_cache": False,
        }
        if self._head_is_plain:
            hidden = self.model.base_model(**inputs).last_hidden_state.flatten(0, 1)  # [B * L, hidden size]
            logits = self.model.get_output_embeddings()(hidden[rows.predictors])
        else:
            logits = self.model(**inputs).logits.flatten(0, 1)[rows.predictors]
        logprobs = (logits.float() / temperature).log_softmax(-1)  # [K, vocabulary]
        with torch.no_grad():
            entropy = -(logprobs.exp() * logprobs).sum(-1)
        return logprobs.gather(-1, rows.targets[:, None])[:, 0].cpu(), entropy.cpu()

    def weights(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Names as in the HF checkpoint; tied weights once."""
        for name, parameter in self.model.named_parameters():
            yield name, parameter.detach()

    def save(self, step: int, stream: Mapping[str, Any]) -> None:
        """Writes checkpoints/step-NNNNNN, whole or not at all, and drops all but the newest ones."""
        state = {"step": step, "updates": self.updates, "model": self.config.model.name, "stream": dict(stream)}
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        with atomic_folder(self.checkpoints / f"step-{step:06d}") as scratch:
            self.model.save_pretrained(scratch)
            self.tokenizer.save_pretrained(scratch)
            torch.save(self.optimizer.state_dict(), scratch / "optimizer.pt")
            (scratch / "trainer.json").write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
        for old in list_checkpoints(self.checkpoints)[: -self.config.checkpoint.keep]:
            shutil.rmtree(old)

    def resume(self) -> tuple[int, Mapping[str, Any]]:
        """Goes on from the newest checkpoint: its step and the problem stream's state; (0, {}) where there is none."""
        found = list_checkpoints(self.checkpoints)
        if not found:
            return 0, {}
        folder = found[-1]
        state = read_trainer_state(folder)
        if state["model"] != self.config.model.name:
            raise RunError(
                f"{folder} was trained from model {state['model']!r}, this run is of {self.config.model.name!r}; "
                "resume with the config that the run was started with."
            )
        from safetensors.torch import load_file

        try:
            tensors: dict[str, torch.Tensor] = {}
            for file in sorted(folder.glob("*.safetensors")):
                tensors.update(load_file(file))
            for name, parameter in self.model.named_parameters():
                parameter.data.copy_(tensors[name])
            self.optimizer.load_state_dict(
                torch.load(folder / "optimizer.pt", map_location=self.device, weights_only=True)
            )
        except Exception as error:
            raise RunError(
                f"{folder} cannot be loaded ({type(error).__name__}: {str(error)[:200]}); "
                "delete that folder to go on from the checkpoint before it."
            ) from error
        self.updates = state["updates"]
        return state["step"], state["stream"]

    def _update(self) -> dict[str, float]:
        options = self.config.optimizer
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), options.max_grad_norm)
        if not torch.isfinite(norm):
            raise RunError(
                "the gradient is not finite; the last checkpoint is kept. Try a lower optimizer.learning_rate."
            )
        rate = options.learning_rate * min(1.0, (self.updates + 1) / max(1, options.warmup_steps))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.updates += 1
        return {"grad_norm": float(norm), "learning_rate": rate}

    @torch.no_grad()
    def _check_head(self) -> bool:
        """Whether logits are just the output embedding times the last hidden state (some models scale or cap them)."""
        ids = torch.arange(4, device=self.device)[None]
        hidden = self.model.base_model(input_ids=ids, use_cache=False).last_hidden_state
        logits = self.model(input_ids=ids, use_cache=False).logits
        return torch.allclose(self.model.get_output_embeddings()(hidden), logits, rtol=1e-4, atol=1e-4)


def read_trainer_state(folder: Path) -> dict[str, Any]:
    """trainer.json of a checkpoint. Raises RunError where it is missing or broken."""
    try:
        state: dict[str, Any] = json.loads((folder / "trainer.json").read_text(encoding="utf-8"))
        if not isinstance(state, dict) or not {"step", "updates", "model", "stream"} <= state.keys():
            raise ValueError("trainer.json lacks a field")
        return state
    except (OSError, ValueError) as error:
        raise RunError(
            f"{folder} is no whole checkpoint ({error}); delete that folder to go on from the checkpoint before it."
        ) from None


def _keep_freed_memory() -> None:
    """Tells glibc to reuse large blocks instead of handing them back to the kernel after every step.

    Fetching them anew, zeroed page by page, took a third of a step's time.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library
        libc = ctypes.CDLL(None)
        libc.mallopt(-4, 0)  # M_MMAP_MAX
        libc.mallopt(-1, -1)  # M_TRIM_THRESHOLD: never
