"""The reward model: a causal language model with a scalar head, in two kinds, kept in HF format.

The head `last` is linear, without bias, in the hidden state of the last token (Ouyang et al. 2022; what transformers calls
a sequence classification model with one label, and loads as one). The head `sequence` is the mean over the response's
tokens of a small network that sees the hidden state which the token is predicted from, the token's embedding, and its
log-probability under the backbone's own head; so it reads every token, not just what the last state kept of them.

A score is (raw - mean) / std, standardised on samples of the start policy, so that several models have one scale. What
Bradley and Terry's model speaks of, sigmoid(r_a - r_b), are raw scores.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from verirl import head as lm_head
from verirl.errors import ModelError
from verirl.learner import attention_mask, break_even, keep_freed_memory
from verirl.packing import Branch, Packed, Tree, micro_batches, pack, trees_for

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

HeadKind = Literal["last", "sequence"]
Prompted = tuple[Sequence[int], Sequence[Sequence[int]]]  # token ids of a prompt, and of responses to it

WIDEST = 256  # hidden units of the sequence head at most
SCORE_TOKENS = 4096  # padded tokens in a forward pass of `scores`
SMALL_LOGITS = 1 << 20  # numbers up to which the textbook's log-softmax is the fastest
NO_LIMIT = 1 << 60


class RewardModel(nn.Module):
    """Float32, dropout off, on a GPU where there is one.

    `backbone` is a causal language model, or for the head `last` the model below its language head. `mean` and `std` are
    of raw scores. `seed` decides the weights that the head starts with.
    """

    mean: Tensor  # [] float64
    std: Tensor

    def __init__(
        self, backbone: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, head: HeadKind, seed: int = 0
    ) -> None:
        """Raises ModelError for a backbone that cannot be read in packed rows, or has no plain language head where the
        head `sequence` needs one."""
        super().__init__()
        self.kind: HeadKind = head
        self.tokenizer = tokenizer
        base: Any = backbone.base_model
        self.backbone: Any = (base if head == "last" else backbone).eval()
        size = int(self.backbone.config.get_text_config().hidden_size)
        self.head: LastHead | SequenceHead = LastHead(size, seed) if head == "last" else SequenceHead(size, seed)
        self.register_buffer("mean", torch.zeros((), dtype=torch.float64))
        self.register_buffer("std", torch.ones((), dtype=torch.float64))
        self.to("cuda" if torch.cuda.is_available() else "cpu")
        if self.device.type == "cpu":
            keep_freed_memory()
        self.break_even = break_even(self.backbone)
        if head == "sequence":
            self._check_plain()
        self._check_packing()

    @property
    def device(self) -> torch.device:
        return self.mean.device

    @property
    def context(self) -> int:
        """Tokens that the backbone can attend to; a large number where its config does not say."""
        return int(getattr(self.backbone.config.get_text_config(), "max_position_embeddings", None) or NO_LIMIT)

    def scores(self, groups: Sequence[Prompted]) -> Tensor:
        """Standardised scores [N] (float64, CPU, no gradient), all responses of the first prompt first.

        A group goes through the model by itself and each of its different responses once. So its scores do not depend,
        to the bit, on what else is scored, and equal responses have equal scores: a group without any difference must
        not get advantages from rounding. Raises ValueError for a prompt without tokens.
        """
        return (self.raw_scores(groups) - self.mean.cpu()) / self.std.cpu()

    @torch.no_grad()
    def raw_scores(self, groups: Sequence[Prompted]) -> Tensor:
        """`scores` before they are standardised."""
        parts = [torch.zeros(0, dtype=torch.float64)]
        for prompt, responses in groups:
            places: dict[tuple[int, ...], int] = {}
            index = [places.setdefault(tuple(response), len(places)) for response in responses]
            raw = self.raw([(prompt, list(places))], SCORE_TOKENS).to("cpu", torch.float64)
            parts.append(raw[torch.tensor(index, dtype=torch.int64)])
        return torch.cat(parts)

    def raw(self, groups: Sequence[Prompted], budget: int = NO_LIMIT) -> Tensor:
        """Raw scores [N] with their gradient, in forward passes of at most `budget` padded tokens where there are several.

        The prompt of a group goes through the backbone once, or as often as its length makes worthwhile.
        """
        total = sum(len(responses) for _, responses in groups)
        found = torch.zeros(total, device=self.device)
        for packed in micro_batches(list(self._trees(groups, budget)), budget):
            found = found + self._of_packed(packed.to(self.device), total)
        lengths = [len(response) for _, responses in groups for response in responses]
        if isinstance(self.head, SequenceHead) and not all(lengths):
            empty = torch.tensor(lengths, device=self.device) == 0
            found = torch.where(empty, self.head.empty, found)
        return found

    @torch.no_grad()
    def standardize(self, raw: Tensor) -> None:
        """Sets `mean` and `std` (of the population) to those of raw scores [N]. Raises ModelError where they are all the
        same, or not finite."""
        values = raw.double()
        if len(values) < 2 or not bool(torch.isfinite(values).all()):
            raise ModelError("the reward model's scores cannot be standardised: they are not finite, or too few.")
        std = values.std(correction=0)
        if float(std) < 1e-12:
            raise ModelError("the reward model's scores cannot be standardised: it gives every sample the same one.")
        self.mean.fill_(float(values.mean()))
        self.std.fill_(float(std))

    def _trees(self, groups: Sequence[Prompted], budget: int) -> Iterator[Tree]:
        """A tree a group, or several where that is less work (`trees_for`) or more than `budget` tokens.

        `pack` leaves out the last token of a branch, from which nothing is predicted. The head `last` reads just that
        token's state: so its branches have one more token, which stands for what would come next.
        """
        sample = 0
        for prompt, responses in groups:
            if not prompt:
                raise ValueError("a prompt needs at least one token")
            branches = []
            for response in responses:
                if self.kind == "last":
                    branches.append(Branch(ids=[*response, 0], mask=[*[0] * len(response), 1], sample=sample))
                elif len(response):
                    branches.append(Branch(ids=response, mask=[1] * len(response), sample=sample))
                sample += 1
            if not branches:
                continue
            sizes = [len(branch.ids) - 1 for branch in branches]
            share = sum(sizes) / trees_for(len(prompt), sizes, self.break_even)
            here: list[Branch] = []
            filled = 0
            for branch, size in zip(branches, sizes, strict=True):
                if here and (len(prompt) + filled + size > budget or filled + size / 2 > share):
                    yield Tree(prompt=prompt, branches=here)
                    here, filled = [], 0
                here.append(branch)
                filled += size
            yield Tree(prompt=prompt, branches=here)

    def _of_packed(self, rows: Packed, total: int) -> Tensor:
        """[total], 0 for samples that are not in these rows."""
        hidden = self._hidden(rows)[rows.predictors]  # [K, H]
        if isinstance(self.head, LastHead):
            values = self.head(hidden)
        else:
            output = self.backbone.get_output_embeddings()
            if len(hidden) * len(output.weight) <= SMALL_LOGITS:
                logprobs, _ = lm_head.logprobs_of_logits(output(hidden), rows.targets, 1.0)
            else:
                bias = getattr(output, "bias", None)
                logprobs, _ = lm_head.token_logprobs(hidden, output.weight, bias, rows.targets, 1.0, False)
            tokens = self.backbone.get_input_embeddings()(rows.targets)
            counts = torch.bincount(rows.samples, minlength=total)[rows.samples]
            values = self.head(hidden, tokens, logprobs) / counts
        return torch.zeros(total, device=self.device).index_add(0, rows.samples, values)

    def _hidden(self, rows: Packed) -> Tensor:
        """[B * L, H]: last hidden states."""
        found: Tensor = self.backbone.base_model(
            input_ids=rows.ids,
            attention_mask=attention_mask(rows, self.backbone),
            position_ids=rows.positions,
            use_cache=False,
        ).last_hidden_state
        return found.flatten(0, 1)

    @torch.no_grad()
    def _check_packing(self) -> None:
        """As the learner does: a response in a packed row must have the states that it has alone."""
        prompt, responses = [1, 2, 3], [[4, 2, 1], [3, 1, 1]]
        alone = torch.tensor([[*prompt, *response[:2]] for response in responses], device=self.device)
        expected = self.backbone.base_model(input_ids=alone, use_cache=False).last_hidden_state[:, -1]
        branches = [Branch(ids=response, mask=[0, 0, 1]) for response in responses]
        refusal = ModelError(
            f"{type(self.backbone).__name__} cannot be a reward model here: it does not keep responses in one row apart "
            "by their attention mask (recurrent layers do not, for instance); take another model."
        )
        try:
            rows = pack([[Tree(prompt=prompt, branches=branches)]]).to(self.device)
            found = self._hidden(rows)[rows.predictors]
        except Exception as error:  # whatever a model says to a mask of this kind
            raise refusal from error
        if not torch.allclose(found, expected, rtol=1e-2, atol=1e-2):
            raise refusal

    @torch.no_grad()
    def _check_plain(self) -> None:
        """Logits must be the output embedding times the hidden state (some models scale or cap them)."""
        ids = torch.arange(4, device=self.device)[None]
        hidden = self.backbone.base_model(input_ids=ids, use_cache=False).last_hidden_state
        logits = self.backbone(input_ids=ids, use_cache=False).logits
        if not torch.allclose(self.backbone.get_output_embeddings()(hidden), logits, rtol=1e-4, atol=1e-4):
            raise ModelError(
                f"{type(self.backbone).__name__} scales or caps its logits, which reward_model.head = 'sequence' cannot "
                "read; take 'last'."
            )


class LastHead(nn.Module):
    """w . h, without bias: a constant would cancel in every pair."""

    def __init__(self, size: int, seed: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, size))
        with torch.no_grad():
            self.weight.normal_(0.0, 1 / math.sqrt(size + 1), generator=torch.Generator().manual_seed(seed))

    def forward(self, hidden_KH: Tensor) -> Tensor:
        """[K]"""
        return nn.functional.linear(hidden_KH, self.weight)[:, 0]


class SequenceHead(nn.Module):
    """Two layers with a GELU between them, from [hidden state, token's embedding, its log-probability] to a number.

    `empty` is the raw score of a response without tokens.
    """

    def __init__(self, size: int, seed: int) -> None:
        super().__init__()
        width = min(size, WIDEST)
        self.first = nn.Linear(2 * size + 1, width)
        self.second = nn.Linear(width, 1)
        self.empty = nn.Parameter(torch.zeros(()))
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for layer in (self.first, self.second):
                layer.weight.normal_(0.0, 1 / math.sqrt(layer.in_features), generator=generator)
                layer.bias.zero_()

    def forward(self, hidden_KH: Tensor, tokens_KH: Tensor, logprobs_K: Tensor) -> Tensor:
        """[K]"""
        seen = torch.cat([hidden_KH, tokens_KH, logprobs_K[:, None]], 1)
        found: Tensor = self.second(nn.functional.gelu(self.first(seen)))
        return found[:, 0]


@torch.no_grad()
def average(models: Sequence[RewardModel]) -> RewardModel:
    """One model with the mean of all weights: WARM (Ramé et al. 2024, arXiv:2401.12187, eq. 3). Standardise it anew.

    It is computed as the first model plus the mean difference from it, so that the average of equal models is that model
    to the bit. Raises ModelError where
    they are not of one kind and shape.
    """
    made = copy.deepcopy(models[0])
    states = [model.state_dict() for model in models]
    shapes = [{name: tensor.shape for name, tensor in state.items()} for state in states]
    if any(model.kind != made.kind for model in models) or any(shape != shapes[0] for shape in shapes):
        raise ModelError("reward models can be averaged only where they have the same head and the same backbone.")
    for name, tensor in made.state_dict().items():
        if tensor.is_floating_point():
            first = states[0][name].double()
            tensor.copy_(first + torch.stack([state[name].double() - first for state in states]).mean(0))
    return made
