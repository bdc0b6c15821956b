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
    # Lists, and one tensor of each in the end: a tensor a branch took as long as a small model's forward pass.
    fields: tuple[list[list[int]], ...] = ([], [], [], [])  # ids, segments, prompts, positions
    predictors: list[int] = []
    targets: list[int] = []
    samples: list[int] = []
    columns: list[int] = []
    for r, row in enumerate(rows):
        here: tuple[list[int], ...] = ([], [], [], [])
        ids, segments, prompts, positions = here
        segment = 0
        for tree in row:
            segment += 1
            root, length = segment, len(tree.prompt)
            ids += tree.prompt
            segments += [root] * length
            prompts += [root] * length
            positions += range(length)
            end_of_prompt = r * width + len(ids) - 1
            for branch in tree.branches:
                segment += 1
                before = r * width + len(ids) - 1
                seen = branch.ids[:-1]
                ids += seen
                segments += [segment] * len(seen)
                prompts += [root] * len(seen)
                positions += range(length, length + len(seen))
                for offset, learned in enumerate(branch.mask):
                    if learned:
                        predictors.append(before + offset if offset else end_of_prompt)
                        targets.append(branch.ids[offset])
                        samples.append(branch.sample)
                        columns.append(length + offset)
        for field, values in zip(fields, here, strict=True):
            field.append(values + [0] * (width - len(values)))
    return Packed(
        ids=torch.tensor(fields[0], dtype=torch.int64),
        segments=torch.tensor(fields[1], dtype=torch.int64),
        prompts=torch.tensor(fields[2], dtype=torch.int64),
        positions=torch.tensor(fields[3], dtype=torch.int64),
        predictors=torch.tensor(predictors, dtype=torch.int64),
        targets=torch.tensor(targets, dtype=torch.int64),
        samples=torch.tensor(samples, dtype=torch.int64),
        columns=torch.tensor(columns, dtype=torch.int64),
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
