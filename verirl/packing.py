"""Rows of tokens for one forward pass, in which what samples share is computed once.

A tree is a prompt and the responses that branch off it. A response sees its prompt and itself, never its siblings, and
its positions go on where the prompt's ended; so the model gives each response just what it would give it alone. With
eight short responses a prompt this is a third of the work of eight rows that each repeat the prompt. Several trees can
share a row (examples of supervised learning do): they do not see each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from verirl.types import Batch


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A response: its token ids, a mask of those that are learned, and the row of the batch that it is."""

    ids: Sequence[int]
    mask: Sequence[int]
    sample: int = 0


@dataclass(frozen=True, kw_only=True)
class Tree:
    prompt: Sequence[int]
    branches: Sequence[Branch]

    @property
    def size(self) -> int:
        """Tokens that go through the model: all but the last of each response, from which nothing is predicted."""
        return len(self.prompt) + sum(len(branch.ids) - 1 for branch in self.branches)


@dataclass(frozen=True, kw_only=True)
class Packed:
    """B rows of L tokens, right-padded, and the K tokens in them that are learned.

    `segments` numbers prompts and responses from 1 within a row, 0 being padding; `prompts` holds, for each token, the
    segment of the prompt that it hangs on (a prompt's own).
    """

    ids: torch.Tensor  # [B, L] int64
    segments: torch.Tensor  # [B, L] int64
    prompts: torch.Tensor  # [B, L] int64
    positions: torch.Tensor  # [B, L] int64
    predictors: torch.Tensor  # [K] int64; index into B * L of the position whose output predicts the token
    targets: torch.Tensor  # [K] int64; the token
    samples: torch.Tensor  # [K] int64; Branch.sample of the response that the token is of
    columns: torch.Tensor  # [K] int64; the token's place in prompt + response

    def attention_mask(self, window: int | None = None) -> torch.Tensor:
        """[B, 1, L, L] bool: causal, within a segment and back to its prompt; with `window` the last so many alone."""
        query, key = self.segments[:, :, None], self.segments[:, None, :]
        seen = (query == key) | (self.prompts[:, :, None] == key)
        if window is not None:
            seen &= self.positions[:, :, None] - self.positions[:, None, :] < window
        return seen.tril_()[:, None]  # in place: a row of 16,384 tokens has a mask of 268 MB

    def to(self, device: torch.device) -> Packed:
        return Packed(**{name: getattr(self, name).to(device) for name in self.__dataclass_fields__})


def pack(rows: Sequence[Sequence[Tree]]) -> Packed:
    """Lays trees out in rows; a row's trees stand one after the other."""
    width = max(sum(tree.size for tree in row) for row in rows)
    ids, segments, prompts, positions = torch.zeros(4, len(rows), width, dtype=torch.int64)
    learned: list[torch.Tensor] = [torch.zeros(4, 0, dtype=torch.int64)]  # predictors, targets, samples, columns
    for r, row in enumerate(rows):
        at, segment = 0, 0
        for tree in row:
            root, length = segment + 1, len(tree.prompt)
            end_of_prompt = at + length
            for branch in (Branch(ids=tree.prompt, mask=[0] * length), *tree.branches):
                segment += 1
                tokens = torch.tensor(branch.ids, dtype=torch.int64)
                offsets = torch.tensor(branch.mask).nonzero()[:, 0]
                start, seen = (0, tokens) if segment == root else (length, tokens[:-1])
                here = slice(at, at + len(seen))
                ids[r, here], segments[r, here], prompts[r, here] = seen, segment, root
                positions[r, here] = torch.arange(start, start + len(seen))
                before = torch.where(offsets == 0, end_of_prompt, at + offsets) - 1
                sample = torch.full_like(offsets, branch.sample)
                learned.append(torch.stack([r * width + before, tokens[offsets], sample, length + offsets]))
                at += len(seen)
    predictors, targets, samples, columns = torch.cat(learned, 1)
    return Packed(
        ids=ids,
        segments=segments,
        prompts=prompts,
        positions=positions,
        predictors=predictors,
        targets=targets,
        samples=samples,
        columns=columns,
    )


def batch_trees(batch: Batch, budget: int, break_even: float = math.inf) -> Iterator[Tree]:
    """A tree per group, or several, each with the prompt: where a group has more than `budget` tokens, and where that is
    less work (`trees_for`, which `break_even` is of)."""
    groups: dict[int, list[int]] = {}
    for sample, group in enumerate(batch.groups.tolist()):
        groups.setdefault(group, []).append(sample)
    for samples in groups.values():
        length = int(batch.prompt_lengths[samples[0]])
        prompt = batch.ids[samples[0], :length].tolist()
        sizes = [int(batch.lengths[sample]) - length - 1 for sample in samples]
        share = sum(sizes) / trees_for(length, sizes, break_even)
        branches: list[Branch] = []
        filled = 0
        for sample, size in zip(samples, sizes, strict=True):
            if branches and (length + filled + size > budget or filled + size / 2 > share):
                yield Tree(prompt=prompt, branches=branches)
                branches, filled = [], 0
            here = slice(length, length + size + 1)
            branches.append(
                Branch(ids=batch.ids[sample, here].tolist(), mask=batch.mask[sample, here].tolist(), sample=sample)
            )
            filled += size
        yield Tree(prompt=prompt, branches=branches)


def trees_for(prompt: int, responses: Sequence[int], break_even: float) -> int:
    """How many trees of about the same size make the least work of one prompt and its responses (lengths in tokens).

    Siblings do not see each other, but attention computes their scores all the same, so a row of L tokens costs
    L + L^2 / `break_even`: the length at which attention costs as much as everything else. Short responses share one
    prompt; long ones rather have it repeated.
    """

    def work(trees: int) -> float:
        row = prompt + sum(responses) / trees
        return trees * (row + row**2 / break_even)

    return min(range(1, len(responses) + 1), key=work)


def micro_batches(trees: Sequence[Tree], budget: int) -> Iterator[Packed]:
    """Packs a tree a row into parts of at most `budget` padded tokens, long rows with long ones."""
    part: list[Tree] = []
    for tree in sorted(trees, key=lambda tree: -tree.size):
        if part and part[0].size * (len(part) + 1) > budget:
            yield pack([[tree] for tree in part])
            part = []
        part.append(tree)
    if part:
        yield pack([[tree] for tree in part])
