"""Pure loss maths: tensors in, a scalar and numbers to log out.

Where this leaves the GRPO of the paper (DeepSeekMath, Shao et al. 2024, equation 3):
- No KL term and no reference model: with a verifier as reward there is no learned reward to stay close to.
- Two clip bounds, `clip_low` and `clip_high`, equal by default; the paper has one epsilon.
- One optimiser step per batch, so the ratio is 1 up to the drift between sampler and learner; the clip then guards
  against that drift alone.
- Samples that got no reward (an infrastructure error, say) are in neither sum nor count.
"""

from __future__ import annotations

import torch

from verirl.types import LossOutput


def grpo_loss(
    logprobs: torch.Tensor,
    old_logprobs: torch.Tensor,
    advantages: torch.Tensor,
    mask: torch.Tensor,
    samples: int,
    clip_low: float,
    clip_high: float,
) -> LossOutput:
    """Clipped policy-gradient loss, averaged within a response, then over responses.

        rho_it = exp(logprobs_it - old_logprobs_it)
        J_it   = min(rho_it A_i, clip(rho_it, 1 - clip_low, 1 + clip_high) A_i)
        loss   = -1/samples sum_i 1/|o_i| sum_t J_it

    `logprobs`, `old_logprobs`, `mask`: [N, T]; `advantages`: [N]. |o_i| is the number of tokens of row i that the
    policy wrote (mask 1). `samples` is the number of scored samples in the whole step: rows without advantage, which
    add nothing to the sum and need not be here, are in it, and the losses of micro-batches add up to the whole.
    Metrics are sums over tokens with mask 1. Source: DeepSeekMath (Shao et al. 2024), equation 3, without the KL term.
    """
    # Masked before exp, and by choice, not by a product: whatever padding holds, infinities too, it must not matter.
    log_ratio = torch.where(mask > 0, logprobs - old_logprobs, 0.0)
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1 - clip_low, 1 + clip_high)
    advantages_N1 = advantages[:, None]
    objective = torch.minimum(ratio * advantages_N1, clipped * advantages_N1) * mask
    tokens_N = mask.sum(1).clamp(min=1)
    loss = -(objective.sum(1) / tokens_N).sum() / samples
    with torch.no_grad():
        is_clipped = (clipped * advantages_N1 < ratio * advantages_N1).float() * mask
        metrics = {"clipped_tokens": float(is_clipped.sum())}
    return LossOutput(loss=loss, metrics=metrics)
