"""Log-probabilities of chosen tokens, straight from hidden states, without the logits of a whole batch in memory.

The vocabulary is far larger than anything else in a small model: 1,000 tokens of SmolLM2 have 200 MB of logits, and a
textbook log-softmax with its gradient holds five such tensors. Here one buffer is turned from logits into probabilities
and then into the logits' gradient, in place. Where even one is too large, tokens go through it in chunks, whose
probabilities are computed again for the gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

LOGITS_BYTES = 256 << 20  # of one buffer
CACHED_ROWS = 16  # of a buffer on a CPU, that one pass after the other finds still in its cache


def token_logprobs(
    hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, temperature: float, entropy_gradient: bool
) -> tuple[Tensor, Tensor]:
    """log p(target) and the entropy (nats) of p = softmax((hidden weight^T + bias) / temperature); both [K] float32.

    `hidden`: [K, H], whose type the products are computed in; `weight`: [V, H]; `bias`: [V] or None; `targets`: [K] int64.
    Gradients reach hidden, weight and bias through the first result, and through the entropy with `entropy_gradient`.

    With p the probabilities and H the entropy, d log p(target) / d logits = onehot(target) - p, and
    d H / d logits = -p (log p + H).
    """
    found: tuple[Tensor, Tensor] = _TokenLogprobs.apply(  # type: ignore[no-untyped-call]
        hidden, weight, bias, targets, temperature, entropy_gradient
    )
    return found


def logprobs_of_logits(logits: Tensor, targets: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """The same from logits [K, V], for models whose logits are not just a product: the textbook's way, with its memory."""
    logprobs = (logits.float() / temperature).log_softmax(-1)
    return logprobs.gather(1, targets[:, None])[:, 0], -(logprobs.exp() * logprobs).sum(1)


class _TokenLogprobs(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        targets: Tensor,
        temperature: float,
        entropy_gradient: bool,
    ) -> tuple[Tensor, Tensor]:
        ctx.chunks = list(_chunks(len(hidden), max(1, LOGITS_BYTES // (4 * len(weight)))))
        ctx.kept = None
        logprobs, entropies = torch.empty(2, len(hidden), device=hidden.device)
        cast = weight.to(hidden.dtype)
        for chunk in ctx.chunks:
            p, logprobs[chunk], entropies[chunk] = _softmax(hidden[chunk], cast, bias, targets[chunk], temperature)
            if len(ctx.chunks) == 1 and any(ctx.needs_input_grad):
                ctx.kept = p
        ctx.save_for_backward(hidden, weight, bias, targets, entropies)
        ctx.temperature, ctx.entropy_gradient = temperature, entropy_gradient
        if not entropy_gradient:
            ctx.mark_non_differentiable(entropies)
        return logprobs, entropies

    @staticmethod
    def backward(ctx: Any, grad_logprobs: Tensor, grad_entropies: Tensor) -> tuple[Tensor | None, ...]:
        hidden, weight, bias, targets, entropies = ctx.saved_tensors
        wants_hidden, wants_weight, wants_bias = ctx.needs_input_grad[:3]
        grad_hidden = torch.empty_like(hidden) if wants_hidden else None
        grad_weight = torch.zeros_like(weight) if wants_weight else None
        grad_bias = torch.zeros_like(bias) if wants_bias else None
        cast = weight.to(hidden.dtype)
        for chunk in ctx.chunks:
            p = ctx.kept
            if p is None:
                p, _, _ = _softmax(hidden[chunk], cast, bias, targets[chunk], ctx.temperature)
            scale, spread = grad_logprobs[chunk], None
            if ctx.entropy_gradient:
                scale = scale + grad_entropies[chunk] * entropies[chunk]
                spread = torch.special.entr(p).mul_(grad_entropies[chunk, None])
            grad = p.mul_(-scale[:, None])  # in place: nothing needs the probabilities any more
            grad.scatter_add_(1, targets[chunk, None], grad_logprobs[chunk, None])
            if spread is not None:
                grad += spread
            if ctx.temperature != 1.0:
                grad /= ctx.temperature
            grad = grad.to(hidden.dtype)
            if grad_hidden is not None:
                torch.mm(grad, cast, out=grad_hidden[chunk])
            if grad_weight is not None:
                if weight.dtype == hidden.dtype:
                    grad_weight.addmm_(grad.T, hidden[chunk])
                else:
                    grad_weight += grad.T @ hidden[chunk]
            if grad_bias is not None:
                grad_bias += grad.sum(0)
        ctx.kept = None
        return grad_hidden, grad_weight, grad_bias, None, None, None


def _softmax(
    hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor, temperature: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Probabilities [k, V], log-probabilities of the targets [k] and entropies [k] of a chunk, in float32."""
    bias = None if bias is None else bias.to(hidden.dtype)
    p = torch.nn.functional.linear(hidden, weight, bias).float()
    logprobs, entropies = torch.empty(2, len(p), device=p.device)
    for rows in _chunks(len(p), CACHED_ROWS if p.device.type == "cpu" else len(p)):
        logits = p[rows]
        if temperature != 1.0:
            logits /= temperature
        logits -= logits.amax(1, keepdim=True)
        weights = logits.exp()
        total = weights.sum(1)
        logprobs[rows] = logits.gather(1, targets[rows, None])[:, 0] - total.log()
        entropies[rows] = total.log() - torch.linalg.vecdot(weights, logits) / total
        torch.div(weights, total[:, None], out=logits)
    return p, logprobs, entropies


def _chunks(total: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, total)) for start in range(0, total, size))
