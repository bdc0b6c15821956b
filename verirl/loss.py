"""Pure loss maths: tensors in, a scalar and numbers to log out. One short function a loss, one that puts them together.

Where this leaves the papers:
- Every loss is the PPO-like surrogate of one optimiser step or of several on the same batch
  (`optimizer.updates_per_batch`, mu in GRPO); with one, the ratio is 1 up to the difference between sampler and learner.
- What the papers average over the samples of one problem is averaged over all scored samples of the step (n), and DAPO's
  and CISPO's sum of lengths runs over all of them too.
- Two clip bounds in every loss; GRPO's and GSPO's papers, and PPO's, have one for both sides or two.
- RLOO is written as a ratio of whole responses with PPO's clip. At ratio 1 its gradient is REINFORCE's, as in the
  paper, which has the KL in the reward, not in the loss.
- No ratio exceeds e^20, so that none overflows; beyond, its gradient is 0.
- KL and entropy are estimated on the sampled tokens and averaged as the loss averages its own terms. k1's own gradient
  has expectation 0, so it is given that of k2, which is the gradient of the KL as a penalty in the reward.
- Truncated importance sampling weighs tokens in every loss; where the ratio is of a whole response (gspo, rloo), the
  response's weight is the mean of its tokens'.
- Samples that got no reward (an infrastructure error, say) are in neither sums nor counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from verirl.config import KlEstimator, LossKind
from verirl.types import LossOutput

# Of a ratio that has no clip above (a negative advantage), and far beyond any clip else. Long responses can drift so far
# that their ratio overflows, and then even a clipped one, whose gradient is 0, would make the whole step's NaN.
LARGEST_LOG_RATIO = 20.0


@dataclass(frozen=True, kw_only=True)
class Surrogate:
    """What a loss maximises: the sum over tokens of `weight` x `objective`.

    `clipped` is 1 where the clip holds the gradient back.
    """

    objective: Tensor  # [N, T]
    weight: Tensor | float  # broadcastable to [N, T]
    clipped: Tensor  # [N, T]


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What the losses read. `mask` is 1 at tokens that the policy wrote.

    `log_ratio` is the logarithm of rho_it = pi(o_it) / pi_old(o_it), 0 outside the mask. `samples` (n) and `tokens`
    count all scored samples of the step and the tokens that the policy wrote in them, those without advantage, which
    need not be among the rows, included: so the losses of micro-batches add up to the whole.
    """

    logprobs: Tensor  # [N, T]
    log_ratio: Tensor  # [N, T]
    advantages: Tensor  # [N, 1]
    mask: Tensor  # [N, T]
    lengths: Tensor  # [N, 1]; |o_i|, the tokens of row i that the policy wrote
    samples: int
    tokens: int
    max_tokens: int  # longest response that could have been sampled
    clip_low: float
    clip_high: float


def grpo(x: Inputs) -> Surrogate:
    """J = 1/n sum_i 1/|o_i| sum_t min(rho_it A_i, clip(rho_it, 1 - clip_low, 1 + clip_high) A_i).

    Source: DeepSeekMath (Shao et al. 2024), equation 3.
    """
    objective, clipped = _clip(_ratio(x.log_ratio), x)
    return Surrogate(objective=objective, weight=1 / (x.samples * x.lengths), clipped=clipped)


def dr_grpo(x: Inputs) -> Surrogate:
    """J = 1/n 1/max_tokens sum_i sum_t min(rho_it A_i, clip(rho_it, ...) A_i): long responses weigh more than in GRPO.

    Source: Understanding R1-Zero-Like Training (Liu et al. 2025), section 3.2; its code divides by a constant, the
    generation budget for instance.
    """
    objective, clipped = _clip(_ratio(x.log_ratio), x)
    return Surrogate(objective=objective, weight=1 / (x.samples * x.max_tokens), clipped=clipped)


def dapo(x: Inputs) -> Surrogate:
    """J = 1 / (sum_i |o_i|) sum_i sum_t min(rho_it A_i, clip(rho_it, 1 - clip_low, 1 + clip_high) A_i).

    Source: DAPO (Yu et al. 2025), equation 8 (token-level loss, clip-higher).
    """
    objective, clipped = _clip(_ratio(x.log_ratio), x)
    return Surrogate(objective=objective, weight=1 / x.tokens, clipped=clipped)


def gspo(x: Inputs) -> Surrogate:
    """J = 1/n sum_i min(s_i A_i, clip(s_i, ...) A_i), s_i = exp(1/|o_i| sum_t log rho_it).

    Source: GSPO (Zheng et al. 2025), equations 5 to 7.
    """
    ratio = _ratio(x.log_ratio.sum(1, keepdim=True) / x.lengths)
    objective, clipped = _clip(ratio, x)
    return Surrogate(
        objective=objective.expand_as(x.mask),
        weight=1 / (x.samples * x.lengths),
        clipped=clipped.expand_as(x.mask),
    )


def cispo(x: Inputs) -> Surrogate:
    """J = 1 / (sum_i |o_i|) sum_i sum_t stop_gradient(clip(rho_it, 1 - clip_low, 1 + clip_high)) A_i log pi(o_it).

    Every token keeps its gradient; the clip only bounds its weight. Source: MiniMax-M1 (MiniMax 2025), equations 4 and
    5; its lower bound is off, as is ours by default (clip_low = 1).
    """
    ratio = _ratio(x.log_ratio.detach())
    bounded = ratio.clamp(1 - x.clip_low, 1 + x.clip_high)
    return Surrogate(
        objective=bounded * x.advantages * x.logprobs,
        weight=1 / x.tokens,
        clipped=(bounded != ratio).float(),
    )


def rloo(x: Inputs) -> Surrogate:
    """J = 1/n sum_i min(rho_i A_i, clip(rho_i, ...) A_i), rho_i = exp(sum_t log rho_it); A_i against the others' mean.

    Source: Back to Basics (Ahmadian et al. 2024): at rho = 1 the gradient is 1/n sum_i A_i grad log pi(o_i).
    """
    ratio = _ratio(x.log_ratio.sum(1, keepdim=True))
    objective, clipped = _clip(ratio, x)
    return Surrogate(
        objective=objective.expand_as(x.mask),
        weight=1 / (x.samples * x.lengths),
        clipped=clipped.expand_as(x.mask),
    )


LOSSES: Mapping[LossKind, Callable[[Inputs], Surrogate]] = {
    "grpo": grpo,
    "dr_grpo": dr_grpo,
    "dapo": dapo,
    "gspo": gspo,
    "cispo": cispo,
    "rloo": rloo,
}


def _ratio(log_ratio: Tensor) -> Tensor:
    return log_ratio.clamp(max=LARGEST_LOG_RATIO).exp()


def _clip(ratio: Tensor, x: Inputs) -> tuple[Tensor, Tensor]:
    """PPO's pessimistic bound (Schulman et al. 2017, equation 7), and where it is the clipped side that counts."""
    free, bounded = ratio * x.advantages, ratio.clamp(1 - x.clip_low, 1 + x.clip_high) * x.advantages
    return torch.minimum(free, bounded), (bounded < free).float().detach()


def kl_estimate(logprobs: Tensor, ref_logprobs: Tensor, estimator: KlEstimator) -> Tensor:
    """Per-token estimates of KL(pi || ref), with d = log pi - log ref of the sampled token; any shape.

        k1 = d          k2 = d^2 / 2          k3 = exp(-d) - 1 + d

    Source: Schulman, Approximating KL divergence (2020); k3 is GRPO's (Shao et al. 2024, equation 4). k1 has its value
    and the gradient of k2.
    """
    difference = logprobs - ref_logprobs
    if estimator == "k3":
        return (-difference).exp() - 1 + difference
    half_square = difference.square() / 2
    return half_square if estimator == "k2" else half_square + (difference - half_square).detach()


def policy_loss(
    kind: LossKind,
    logprobs: Tensor,
    old_logprobs: Tensor,
    advantages: Tensor,
    mask: Tensor,
    *,
    samples: int,
    tokens: int,
    max_tokens: int,
    clip: tuple[float, float],
    sampler_logprobs: Tensor | None = None,
    importance_cap: float | None = None,
    ref_logprobs: Tensor | None = None,
    kl_coef: float = 0.0,
    kl_estimator: KlEstimator = "k3",
    entropies: Tensor | None = None,
    entropy_coef: float = 0.0,
) -> LossOutput:
    """loss = - sum over tokens of weight x (w_it objective - kl_coef KL_it + entropy_coef H_it), see `LOSSES`.

    `logprobs`, `old_logprobs`, `sampler_logprobs`, `ref_logprobs`, `entropies`, `mask`: [N, T]; `advantages`: [N]; all
    natural logarithms. With `importance_cap` C, w_it = min(pi_old(o_it) / pi_sampler(o_it), C) corrects for samples
    that another policy than pi_old drew (truncated importance sampling, Yao et al. 2025); else w is 1. `entropies` are
    of the distributions that the tokens were drawn from, `clip` is (clip_low, clip_high). Metrics are sums over tokens
    with mask 1, so micro-batches add up.
    """
    # Chosen, not multiplied: whatever stands outside the mask, infinities too, must not matter.
    inside = mask > 0
    logprobs = torch.where(inside, logprobs, 0.0)
    log_ratio = torch.where(inside, logprobs - old_logprobs, 0.0)
    surrogate = LOSSES[kind](
        Inputs(
            logprobs=logprobs,
            log_ratio=log_ratio,
            advantages=advantages[:, None],
            mask=mask,
            lengths=mask.sum(1, keepdim=True).clamp(min=1),
            samples=samples,
            tokens=tokens,
            max_tokens=max_tokens,
            clip_low=clip[0],
            clip_high=clip[1],
        )
    )
    objective = surrogate.objective
    metrics = {
        "clipped": float((surrogate.clipped * mask).sum()),
        "ratio": float((_ratio(log_ratio.detach()) * mask).sum()),
    }
    if importance_cap is not None and sampler_logprobs is not None:
        importance = torch.where(inside, old_logprobs - sampler_logprobs, 0.0).detach().exp()
        objective = importance.clamp(max=importance_cap) * objective
        metrics["importance"] = float((importance * mask).sum())
        metrics["importance_squared"] = float((importance.square() * mask).sum())
        metrics["importance_capped"] = float(((importance > importance_cap) * mask).sum())
    if ref_logprobs is not None:
        kl = kl_estimate(logprobs, torch.where(inside, ref_logprobs, 0.0), kl_estimator)
        objective = objective - kl_coef * kl
        metrics["kl"] = float((kl.detach() * mask).sum())
    if entropies is not None and entropy_coef:
        objective = objective + entropy_coef * torch.where(inside, entropies, 0.0)
    return LossOutput(loss=-(surrogate.weight * objective * mask).sum(), metrics=metrics)
