"""Rows of tokens for one forward pass, in which what samples share is computed once.

A tree is a prompt and the responses that branch off it. A response sees its prompt and itself, never its siblings, and
its positions go on where the prompt's ended; so the model gives each response just what it would give it alone. With
eight short responses a prompt this is a third of the work of eight rows that each repeat the prompt. Several trees can
share a row (examples of supervised learning do): they do not see each other.
"""

from __future__ import annotations

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
        return len(self.prompt) + sum(len(branch.ids) for branch in self.branches)


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

    def attention_mask(self) -> torch.Tensor:
        """[B, 1, L, L] bool: causal, within a segment and back to its prompt."""
        query, key = self.segments[:, :, None], self.segments[:, None, :]
        seen = (query == key) | (self.prompts[:, :, None] == key)
        return (seen & torch.ones_like(seen).tril())[:, None]

    def to(self, device: torch.device) -> Packed:
        return Packed(**{name: getattr(self, name).to(device) for name in self.__dataclass_fields__})


def pack(rows: Sequence[Sequence[Tree]]) -> Packed:
    """Lays trees out in rows; a row's trees stand one after the other."""
    width = max(sum(tree.size for tree in row) for row in rows)
    ids, segments, prompts, positions = ([[0] * width for _ in rows] for _ in range(4))
    learned: list[tuple[int, int, int, int]] = []  # predictor, target, sample, column
    for r, row in enumerate(rows):
        at, segment = 0, 0
        for tree in row:
            segment += 1
            root, length = segment, len(tree.prompt)
            for offset, token in enumerate(tree.prompt):
                ids[r][at], segments[r][at], prompts[r][at], positions[r][at] = token, root, root, offset
                at += 1
            last_of_prompt = at - 1
            for branch in tree.branches:
                segment += 1
                for offset, token in enumerate(branch.ids):
                    if branch.mask[offset]:
                        predictor = at - 1 if offset else last_of_prompt
                        learned.append((r * width + predictor, token, branch.sample, length + offset))
                    ids[r][at], segments[r][at], prompts[r][at] = token, segment, root
                    positions[r][at] = length + offset
                    at += 1
    predictors, targets, samples, columns = torch.tensor(learned, dtype=torch.int64).reshape(-1, 4).unbind(1)
    return Packed(
        ids=torch.tensor(ids),
        segments=torch.tensor(segments),
        prompts=torch.tensor(prompts),
        positions=torch.tensor(positions),
        predictors=predictors,
        targets=targets,
        samples=samples,
        columns=columns,
    )


def batch_trees(batch: Batch, budget: int) -> Iterator[Tree]:
    """A tree per group; a group of more than `budget` tokens becomes several, each with the prompt."""
    groups: dict[int, list[int]] = {}
    for sample, group in enumerate(batch.groups.tolist()):
        groups.setdefault(group, []).append(sample)
    for samples in groups.values():
        length = int(batch.prompt_lengths[samples[0]])
        prompt = batch.ids[samples[0], :length].tolist()
        branches: list[Branch] = []
        for sample in samples:
            end = int(batch.lengths[sample])
            branch = Branch(
                ids=batch.ids[sample, length:end].tolist(), mask=batch.mask[sample, length:end].tolist(), sample=sample
            )
            if branches and Tree(prompt=prompt, branches=[*branches, branch]).size > budget:
                yield Tree(prompt=prompt, branches=branches)
                branches = []
            branches.append(branch)
        yield Tree(prompt=prompt, branches=branches)


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
