"""Groups -> tensors. Only rows that can move the policy become part of a batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from verirl.types import Batch, Group


def make_batch(
    groups: Sequence[Group], advantages: Sequence[Sequence[float | None]], every_row: bool = False
) -> Batch | None:
    """The rows that have a gradient, right-padded with token 0, which the mask hides; None where there are none.

    Those are the ones with an advantage other than 0, or, with `every_row` (a KL term or an entropy bonus speaks of each
    sample), all that were scored. `advantages[p][g]` belongs to `groups[p].trajectories[g]`.
    """
    scored = [
        (number, trajectory, advantage)
        for number, (group, group_advantages) in enumerate(zip(groups, advantages, strict=True))
        for trajectory, advantage in zip(group.trajectories, group_advantages, strict=True)
        if advantage is not None
    ]
    rows = [row for row in scored if (row[2] or every_row) and any(row[1].policy_mask)]
    if not rows:
        return None
    lengths = [len(trajectory.prompt_ids) + len(trajectory.token_ids) for _, trajectory, _ in rows]
    shape = (len(rows), max(lengths))
    ids, mask, logprobs = torch.zeros(shape, dtype=torch.int64), torch.zeros(shape), torch.zeros(shape)
    for row, (_, trajectory, _) in enumerate(rows):
        start, end = len(trajectory.prompt_ids), lengths[row]
        ids[row, :end] = torch.tensor([*trajectory.prompt_ids, *trajectory.token_ids])
        mask[row, start:end] = torch.tensor(trajectory.policy_mask, dtype=torch.float32)
        logprobs[row, start:end] = torch.tensor(trajectory.logprobs, dtype=torch.float32)
    logprobs[mask == 0] = 0.0  # chosen, not multiplied: an environment's tokens may have none, NaN or -inf
    return Batch(
        ids=ids,
        mask=mask,
        advantages=torch.tensor([advantage for _, _, advantage in rows], dtype=torch.float32),
        sampler_logprobs=logprobs,
        # The policy that sampled is the old one of the ratio, so its logprobs serve and no second forward pass is due.
        old_logprobs=logprobs,
        lengths=torch.tensor(lengths),
        prompt_lengths=torch.tensor([len(trajectory.prompt_ids) for _, trajectory, _ in rows]),
        groups=torch.tensor([number for number, _, _ in rows]),
        samples=len(scored),
        tokens=sum(sum(trajectory.policy_mask) for _, trajectory, _ in scored),
    )
