"""The losses: by hand, against loops written from the papers, against finite differences, and their laws."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from verirl.config import KlEstimator, LossKind
from verirl.loss import LOSSES, kl_estimate, policy_loss
from verirl.types import LossOutput

KINDS: tuple[LossKind, ...] = get_args(LossKind)
ESTIMATORS: tuple[KlEstimator, ...] = get_args(KlEstimator)
PER_ROW = ("logprobs", "old", "sampler", "ref", "entropies", "mask", "advantages")


def tensor(values: Any) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What a loss reads; by default nothing but the surrogate."""

    logprobs: torch.Tensor
    old: torch.Tensor
    advantages: torch.Tensor
    mask: torch.Tensor
    samples: int
    tokens: int
    max_tokens: int
    low: float = 0.2
    high: float = 0.3
    sampler: torch.Tensor = field(default_factory=lambda: tensor(0.0))
    ref: torch.Tensor = field(default_factory=lambda: tensor(0.0))
    entropies: torch.Tensor = field(default_factory=lambda: tensor(0.0))
    cap: float | None = None
    estimator: KlEstimator | None = None  # None: no reference
    kl_coef: float = 0.0
    entropy_coef: float = 0.0

    def rows(self, chosen: slice) -> Batch:
        return replace(self, **{name: getattr(self, name)[chosen] for name in PER_ROW})


@dataclass(frozen=True, kw_only=True)
class Result:
    loss: float
    logprobs_grad: torch.Tensor
    entropies_grad: torch.Tensor
    metrics: dict[str, float]


def output_of(kind: LossKind, x: Batch) -> LossOutput:
    return policy_loss(
        kind,
        x.logprobs,
        x.old,
        x.advantages,
        x.mask,
        samples=x.samples,
        tokens=x.tokens,
        max_tokens=x.max_tokens,
        clip=(x.low, x.high),
        sampler_logprobs=x.sampler,
        importance_cap=x.cap,
        ref_logprobs=None if x.estimator is None else x.ref,
        kl_coef=x.kl_coef,
        kl_estimator=x.estimator or "k3",
        entropies=x.entropies,
        entropy_coef=x.entropy_coef,
    )


def differentiate(kind: LossKind, x: Batch, loss: Any = output_of) -> Result:
    """Loss, gradients and metrics of `loss`, which is the real one unless another is given."""
    x = replace(x, logprobs=x.logprobs.clone().requires_grad_(), entropies=x.entropies.clone().requires_grad_())
    output = loss(kind, x)
    output.loss.backward()
    zeros = torch.zeros_like(x.entropies)
    assert x.logprobs.grad is not None
    return Result(
        loss=output.loss.item(),
        logprobs_grad=x.logprobs.grad,
        entropies_grad=zeros if x.entropies.grad is None else x.entropies.grad,
        metrics=dict(output.metrics),
    )


# By hand.
#
# Three rows, the second and third padded, of a step with 5 scored samples and 10 tokens (two samples of no advantage
# are not among the rows); at most 8 tokens a response; clip(ratio) lies in [0.8, 1.3]; every old log-probability is -1.
#
#               A    ratios           min(ratio A, clip(ratio) A)         |o|
#     row 0     2    1.0  1.5  0.5     2.0  2.6 (clipped)  1.0             3
#     row 1    -1    1.5  0.5    -    -1.5 -0.8 (clipped)    -             2
#     row 2     1    1.4    -    -     1.3 (clipped)  -      -             1
RATIOS = tensor([[1.0, 1.5, 0.5], [1.5, 0.5, 7.0], [1.4, 7.0, 7.0]])
HAND = Batch(
    logprobs=RATIOS.log() - 1,
    old=torch.full_like(RATIOS, -1.0),
    advantages=tensor([2.0, -1.0, 1.0]),
    mask=tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
    samples=5,
    tokens=10,
    max_tokens=8,
)
S0, S1 = 0.75 ** (1 / 3), 0.75 ** (1 / 2)  # geometric means of rows 0 and 1: 1.0 x 1.5 x 0.5 = 1.5 x 0.5 = 0.75
LN = {ratio: math.log(ratio) for ratio in (0.5, 1.4, 1.5)}


@pytest.mark.parametrize(
    ("kind", "objective", "gradient", "clipped"),
    [
        # 1/5 ((2.0 + 2.6 + 1.0)/3 + (-1.5 - 0.8)/2 + 1.3/1); unclipped tokens have ratio A / (5 |o|).
        ("grpo", (5.6 / 3 - 2.3 / 2 + 1.3) / 5, [[2 / 15, 0, 1 / 15], [-1.5 / 10, 0, 0], [0, 0, 0]], 3),
        # 1/(5 x 8) (5.6 - 2.3 + 1.3).
        ("dr_grpo", 4.6 / 40, [[2 / 40, 0, 1 / 40], [-1.5 / 40, 0, 0], [0, 0, 0]], 3),
        # 1/10 (5.6 - 2.3 + 1.3).
        ("dapo", 0.46, [[0.2, 0, 0.1], [-0.15, 0, 0], [0, 0, 0]], 3),
        # s = 0.909, 0.866, 1.4: only the last leaves [0.8, 1.3]. 1/5 (2 s_0 - s_1 + 1.3); d s_i/d log pi = s_i/|o_i|.
        ("gspo", (2 * S0 - S1 + 1.3) / 5, [[2 * S0 / 15] * 3, [-S1 / 10, -S1 / 10, 0], [0, 0, 0]], 1),
        # clip(ratio) = 1, 1.3, 0.8; 1.3, 0.8; 1.3: 1/10 of clip(ratio) A log pi, log pi = log ratio - 1.
        (
            "cispo",
            (2 * (-1 + 1.3 * (LN[1.5] - 1) + 0.8 * (LN[0.5] - 1))) / 10
            - (1.3 * (LN[1.5] - 1) + 0.8 * (LN[0.5] - 1)) / 10
            + 1.3 * (LN[1.4] - 1) / 10,
            [[0.2, 0.26, 0.16], [-0.13, -0.08, 0], [0.13, 0, 0]],
            5,
        ),
        # rho = 0.75, 0.75, 1.4: min(1.5, 1.6), min(-0.75, -0.8) and min(1.4, 1.3); the last two are clipped (3 tokens).
        # 1/5 (1.5 - 0.8 + 1.3); d rho_i/d log pi = rho_i for each token.
        ("rloo", 0.4, [[0.3, 0.3, 0.3], [0, 0, 0], [0, 0, 0]], 3),
    ],
)
def test_losses_by_hand(kind: LossKind, objective: float, gradient: list[list[float]], clipped: int) -> None:
    result = differentiate(kind, HAND)
    assert result.loss == pytest.approx(-objective, rel=1e-12)
    torch.testing.assert_close(result.logprobs_grad, -tensor(gradient), rtol=1e-12, atol=1e-15)
    assert result.metrics == {"clipped": clipped, "ratio": pytest.approx(6.4)}  # 1 + 1.5 + 0.5 + 1.5 + 0.5 + 1.4


def one_token(kind: LossKind, ratio: float, advantage: float) -> Result:
    logprobs = tensor([[math.log(ratio) - 1]])
    x = replace(HAND, logprobs=logprobs, old=tensor([[-1.0]]), advantages=tensor([advantage]), mask=tensor([[1.0]]))
    return differentiate(kind, replace(x, samples=1, tokens=1, max_tokens=1))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "cispo"])
@pytest.mark.parametrize(
    ("ratio", "advantage", "objective", "clipped"),
    [
        # With one token, all ratios are the same; J is the smaller of ratio A and clip(ratio) A.
        (1.0, 2.0, 2.0, 0),  # nothing to clip
        (1.2, 2.0, 2.4, 0),  # within the bounds
        (1.5, 2.0, 2.6, 1),  # min(3.0, 1.3 * 2): clipped above, no more reward for going on
        (0.5, 2.0, 1.0, 0),  # min(1.0, 0.8 * 2): below, a good token must still be able to come back
        (1.5, -2.0, -3.0, 0),  # min(-3.0, -2.6): above, a bad token must still be able to go down
        (0.5, -2.0, -1.6, 1),  # min(-1.0, -1.6): clipped below, no more reward for going further down
        (0.9, -2.0, -1.8, 0),
        (1.5, 0.0, 0.0, 0),
    ],
)
def test_clip_by_hand(kind: LossKind, ratio: float, advantage: float, objective: float, clipped: int) -> None:
    result = one_token(kind, ratio, advantage)
    assert result.loss == pytest.approx(-objective, rel=1e-12)
    assert float(result.logprobs_grad) == pytest.approx(0.0 if clipped else -ratio * advantage, rel=1e-12)
    assert result.metrics["clipped"] == clipped


@pytest.mark.parametrize("advantage", [2.0, -2.0])
@pytest.mark.parametrize(
    ("ratio", "weight", "clipped"), [(0.5, 0.8, 1), (0.9, 0.9, 0), (1.0, 1.0, 0), (1.2, 1.2, 0), (1.5, 1.3, 1)]
)
def test_cispo_bounds_the_weight_and_keeps_the_gradient(
    ratio: float, weight: float, clipped: int, advantage: float
) -> None:
    result = one_token("cispo", ratio, advantage)
    assert result.loss == pytest.approx(-weight * advantage * (math.log(ratio) - 1), rel=1e-12)
    assert float(result.logprobs_grad) == pytest.approx(-weight * advantage, rel=1e-12)
    assert result.metrics["clipped"] == clipped


def test_cispo_with_clip_low_1_has_no_lower_bound() -> None:
    x = replace(HAND, logprobs=tensor([[-9.0]]), old=tensor([[-1.0]]), advantages=tensor([1.0]), mask=tensor([[1.0]]))
    result = differentiate("cispo", replace(x, samples=1, tokens=1, low=1.0, high=4.0))
    assert float(result.logprobs_grad) == pytest.approx(-math.exp(-8), rel=1e-12)
    assert result.metrics["clipped"] == 0


# Truncated importance sampling: pi_old / pi_sampler of the hand-made batch.
IMPORTANCE = tensor([[2.0, 1.0, 0.5], [4.0, 1.0, 7.0], [0.5, 7.0, 7.0]])
SAMPLED_ELSEWHERE = replace(HAND, sampler=HAND.old - IMPORTANCE.log())


@pytest.mark.parametrize(
    ("kind", "cap", "objective"),
    [
        # Cap 2: weights 2, 1, 0.5; 2, 1; 0.5 on the objectives in the table above.
        ("grpo", 2.0, ((2 * 2.0 + 2.6 + 0.5 * 1.0) / 3 + (2 * -1.5 - 0.8) / 2 + 0.5 * 1.3) / 5),
        ("dr_grpo", 2.0, (7.1 - 3.8 + 0.65) / 40),
        ("dapo", 2.0, (7.1 - 3.8 + 0.65) / 10),
        # A whole response has the mean of its tokens' weights: 3.5/3, 3/2, 0.5.
        ("gspo", 2.0, (2 * S0 * 3.5 / 3 - S1 * 3 / 2 + 1.3 * 0.5) / 5),
        ("rloo", 2.0, (1.5 * 3.5 / 3 - 0.8 * 3 / 2 + 1.3 * 0.5) / 5),
        # A cap of 100 cuts nothing off: row 1 starts with 4.
        ("grpo", 100.0, ((2 * 2.0 + 2.6 + 0.5 * 1.0) / 3 + (4 * -1.5 - 0.8) / 2 + 0.5 * 1.3) / 5),
        ("dapo", 100.0, (7.1 - 6.8 + 0.65) / 10),
        ("gspo", 100.0, (2 * S0 * 3.5 / 3 - S1 * 5 / 2 + 1.3 * 0.5) / 5),
        # Without a cap the weights are 1, whatever the sampler says.
        ("grpo", None, (5.6 / 3 - 2.3 / 2 + 1.3) / 5),
    ],
)
def test_importance_weights_by_hand(kind: LossKind, cap: float | None, objective: float) -> None:
    assert differentiate(kind, replace(SAMPLED_ELSEWHERE, cap=cap)).loss == pytest.approx(-objective, rel=1e-12)


def test_importance_weights_scale_the_gradient() -> None:
    gradient = differentiate("cispo", replace(SAMPLED_ELSEWHERE, cap=2.0)).logprobs_grad
    # -weight x clip(ratio) A / 10.
    expected = -tensor([[2 * 0.2, 0.26, 0.5 * 0.16], [2 * -0.13, -0.08, 0], [0.5 * 0.13, 0, 0]])
    torch.testing.assert_close(gradient, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("cap", "capped"), [(0.5, 4), (2.0, 1), (100.0, 0)])
def test_importance_metrics_speak_of_the_weights_before_the_cap(cap: float, capped: int) -> None:
    metrics = differentiate("grpo", replace(SAMPLED_ELSEWHERE, cap=cap)).metrics
    assert metrics["importance"] == pytest.approx(9.0)  # 2 + 1 + 0.5 + 4 + 1 + 0.5
    assert metrics["importance_squared"] == pytest.approx(22.5)  # 4 + 1 + 0.25 + 16 + 1 + 0.25
    assert metrics["importance_capped"] == capped  # weights above the cap, not those that equal it


# KL and entropy. What every token weighs in a loss: 1/(5 |o|), 1/(5 x 8) or 1/10.
WEIGHTS: dict[LossKind, list[list[float]]] = {
    "grpo": [[1 / 15] * 3, [1 / 10, 1 / 10, 0], [1 / 5, 0, 0]],
    "dr_grpo": [[1 / 40] * 3, [1 / 40, 1 / 40, 0], [1 / 40, 0, 0]],
    "dapo": [[1 / 10] * 3, [1 / 10, 1 / 10, 0], [1 / 10, 0, 0]],
    "gspo": [[1 / 15] * 3, [1 / 10, 1 / 10, 0], [1 / 5, 0, 0]],
    "cispo": [[1 / 10] * 3, [1 / 10, 1 / 10, 0], [1 / 10, 0, 0]],
    "rloo": [[1 / 15] * 3, [1 / 10, 1 / 10, 0], [1 / 5, 0, 0]],
}


@pytest.mark.parametrize(
    ("estimator", "difference", "value", "gradient"),
    [
        ("k1", 0.5, 0.5, 0.5),  # d; the gradient is k2's
        ("k1", -0.5, -0.5, -0.5),
        ("k2", 0.5, 0.125, 0.5),  # d^2 / 2; d
        ("k2", -0.5, 0.125, -0.5),
        ("k3", 0.5, 0.10653065971263342, 0.3934693402873666),  # e^-0.5 - 1 + 0.5; 1 - e^-0.5
        ("k3", -0.5, 0.1487212707001282, -0.6487212707001282),  # e^0.5 - 1 - 0.5; 1 - e^0.5
        ("k1", 0.0, 0.0, 0.0),
        ("k2", 0.0, 0.0, 0.0),
        ("k3", 0.0, 0.0, 0.0),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_kl_by_hand(kind: LossKind, estimator: KlEstimator, difference: float, value: float, gradient: float) -> None:
    x = replace(HAND, ref=HAND.logprobs - difference, estimator=estimator, kl_coef=0.3, advantages=tensor([0.0] * 3))
    result = differentiate(kind, x)
    weights = tensor(WEIGHTS[kind])
    assert result.loss == pytest.approx(0.3 * value * float(weights.sum()), rel=1e-12)  # a cost, so with a plus
    torch.testing.assert_close(result.logprobs_grad, 0.3 * gradient * weights, rtol=1e-9, atol=1e-12)
    assert result.metrics["kl"] == pytest.approx(6 * value)  # six tokens


def test_kl_is_measured_where_it_is_not_a_cost() -> None:
    x = replace(HAND, ref=HAND.logprobs - 0.5, estimator="k1")
    result = differentiate("grpo", x)
    assert result.metrics["kl"] == pytest.approx(3.0)
    assert result.loss == differentiate("grpo", HAND).loss


def distributions(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits of a policy over five tokens, and the log-probabilities of a reference."""
    draw = torch.Generator().manual_seed(seed)
    logits, ref = torch.randn(2, 5, generator=draw, dtype=torch.float64)
    return logits.requires_grad_(), ref.log_softmax(0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("estimator", ["k1", "k3"])
def test_expected_kl_estimate_is_the_kl(estimator: KlEstimator, seed: int) -> None:
    logits, ref = distributions(seed)
    logprobs = logits.detach().log_softmax(0)
    expected = (logprobs.exp() * kl_estimate(logprobs, ref, estimator)).sum()
    assert float(expected) == pytest.approx(float((logprobs.exp() * (logprobs - ref)).sum()), rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_expected_kl_gradient(estimator: KlEstimator, seed: int) -> None:
    """Over all tokens: k1 and k2 give the gradient of KL(pi || ref), k3 that of KL(ref || pi)."""
    logits, ref = distributions(seed)
    logprobs = logits.log_softmax(0)
    (logprobs.detach().exp() * kl_estimate(logprobs, ref, estimator)).sum().backward()
    estimated, logits.grad = logits.grad, None
    logprobs = logits.log_softmax(0)
    if estimator == "k3":
        (ref.exp() * (ref - logprobs)).sum().backward()
    else:
        (logprobs.exp() * (logprobs - ref)).sum().backward()
    torch.testing.assert_close(estimated, logits.grad, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_entropy_bonus_by_hand(kind: LossKind) -> None:
    entropies = tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 99.0], [6.0, 99.0, 99.0]])
    x = replace(HAND, advantages=tensor([0.0] * 3), entropies=entropies, entropy_coef=0.1)
    result = differentiate(kind, x)
    weights = tensor(WEIGHTS[kind])
    assert result.loss == pytest.approx(
        -0.1 * float((weights * entropies).sum()), rel=1e-12
    )  # a bonus, so with a minus
    torch.testing.assert_close(result.entropies_grad, -0.1 * weights, rtol=1e-12, atol=0.0)
    assert not result.logprobs_grad.any()
    assert not differentiate(kind, replace(x, entropy_coef=0.0)).entropies_grad.any()


def test_importance_weights_leave_kl_and_entropy_alone() -> None:
    still = replace(SAMPLED_ELSEWHERE, advantages=tensor([0.0] * 3), ref=HAND.logprobs - 0.5, entropies=HAND.mask)
    x = replace(still, estimator="k2", kl_coef=0.3, entropy_coef=0.1)
    for kind in KINDS:
        assert differentiate(kind, replace(x, cap=2.0)).loss == differentiate(kind, x).loss


# Against loops, written from the papers.


def smaller(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return a if a.item() <= b.item() else b


def clip(ratio: torch.Tensor, x: Batch) -> torch.Tensor:
    if ratio.item() > 1 + x.high:
        return tensor(1 + x.high)
    return tensor(1 - x.low) if ratio.item() < 1 - x.low else ratio


def plain_loss(kind: LossKind, x: Batch) -> LossOutput:
    """One token after the other, one number after the other."""
    objective = tensor(0.0)
    metrics = dict.fromkeys(("clipped", "ratio", "kl", "importance", "importance_squared", "importance_capped"), 0.0)
    for i, advantage in enumerate(x.advantages):
        written = [t for t in range(x.mask.shape[1]) if x.mask[i, t] == 1]
        product = tensor(1.0)  # pi(o_i) / pi_old(o_i)
        for t in written:
            product = product * torch.exp(x.logprobs[i, t]) / torch.exp(x.old[i, t])
        for t in written:
            token_ratio = torch.exp(x.logprobs[i, t]) / torch.exp(x.old[i, t])
            if kind == "gspo":  # equation 7
                ratio = product ** (1 / len(written))
            elif kind == "rloo":
                ratio = product
            else:
                ratio = token_ratio
            if kind == "cispo":
                term = clip(ratio, x).detach() * advantage * x.logprobs[i, t]
                clipped = clip(ratio, x).item() != ratio.item()
            else:
                term = smaller(ratio * advantage, clip(ratio, x) * advantage)
                clipped = term.item() < (ratio * advantage).item()
            if x.cap is not None:
                importance = (torch.exp(x.old[i, t]) / torch.exp(x.sampler[i, t])).item()
                term = min(importance, x.cap) * term
                metrics["importance"] += importance
                metrics["importance_squared"] += importance**2
                metrics["importance_capped"] += importance > x.cap
            if x.estimator is not None:
                d = x.logprobs[i, t] - x.ref[i, t]
                fixed = d.detach()
                kl = {"k1": fixed + fixed * (d - fixed), "k2": 0.5 * d * d, "k3": 1 / torch.exp(d) - 1 + d}[x.estimator]
                term = term - x.kl_coef * kl
                metrics["kl"] += kl.item()
            term = term + x.entropy_coef * x.entropies[i, t]
            if kind == "dr_grpo":
                objective = objective + term / x.samples / x.max_tokens
            elif kind in ("dapo", "cispo"):
                objective = objective + term / x.tokens
            else:  # the mean over a response, then over responses
                objective = objective + term / len(written) / x.samples
            metrics["clipped"] += clipped
            metrics["ratio"] += token_ratio.item()
    if x.cap is None:
        metrics = {name: value for name, value in metrics.items() if "importance" not in name}
    if x.estimator is None:
        del metrics["kl"]
    return LossOutput(loss=-objective + 0 * x.logprobs.sum(), metrics=metrics)


@st.composite
def batches(draw: Any) -> Batch:
    """Every number that a loss reads, ratios from 0.2 to 5, some rows of which the policy wrote nothing."""
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    number = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))

    def table(low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(rows, columns, generator=number, dtype=torch.float64)

    logprobs = table(-6, 0)
    old = logprobs + draw(st.sampled_from([0.0, 0.1, 1.6])) * table(-1, 1)
    mask = tensor([[draw(st.sampled_from([1.0, 1.0, 0.0])) for _ in range(columns)] for _ in range(rows)])
    x = Batch(
        logprobs=logprobs,
        old=old,
        sampler=old + table(-1, 1),
        ref=logprobs + table(-1, 1),
        entropies=table(0, 4),
        advantages=tensor([draw(st.sampled_from([-2.0, -0.7, 0.0, 0.4, 1.5])) for _ in range(rows)]),
        mask=mask,
        samples=rows + draw(st.integers(0, 4)),
        tokens=int(mask.sum()) + draw(st.integers(1, 9)),
        max_tokens=columns + draw(st.integers(0, 4)),
        low=draw(st.sampled_from([0.05, 0.2, 1.0])),
        high=draw(st.sampled_from([0.05, 0.28, 4.0])),
        cap=1.2,
        estimator="k3",
        kl_coef=0.4,
        entropy_coef=0.3,
    )
    log_ratio = (logprobs - old) * mask
    whole = log_ratio.sum(1)
    for ratio in (log_ratio.exp(), whole.exp(), (whole / mask.sum(1).clamp(min=1)).exp()):
        for bound in (1 - x.low, 1 + x.high):  # no derivative there
            assume(bool(((ratio - bound).abs() > 1e-4).all()))
    assume(bool(((old - x.sampler).exp() - 1.2).abs().min() > 1e-6))
    return x


def options(x: Batch) -> list[Batch]:
    """Every combination of importance weights, KL estimators and entropy bonus."""
    caps, estimators, entropy_coefs = (None, 1.2, 100.0), (None, *ESTIMATORS), (0.0, 0.3)
    return [
        replace(x, cap=cap, estimator=estimator, entropy_coef=coef)
        for cap, estimator, coef in itertools.product(caps, estimators, entropy_coefs)
    ]


def assert_same(found: Result, expected: Result) -> None:
    assert found.loss == pytest.approx(expected.loss, rel=1e-9, abs=1e-12)
    torch.testing.assert_close(found.logprobs_grad, expected.logprobs_grad, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(found.entropies_grad, expected.entropies_grad, rtol=1e-9, atol=1e-12)
    assert found.metrics == pytest.approx(expected.metrics, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@given(batches())
@settings(deadline=None, max_examples=5)
def test_against_loops(kind: LossKind, x: Batch) -> None:
    for variant in options(x):
        assert_same(differentiate(kind, variant), differentiate(kind, variant, loss=plain_loss))


@pytest.mark.parametrize("kind", KINDS)
@given(batches(), st.sampled_from([math.inf, -math.inf, math.nan, 1e30]))
@settings(deadline=None, max_examples=5)
def test_padding_cannot_matter(kind: LossKind, x: Batch, garbage: float) -> None:
    hidden = x.mask == 0
    dirt = {name: getattr(x, name).masked_fill(hidden, garbage) for name in PER_ROW[:5]}
    for clean, dirty in zip(options(x), options(replace(x, **dirt)), strict=True):
        after = differentiate(kind, dirty)
        assert_same(after, differentiate(kind, clean))
        assert not after.logprobs_grad[hidden].any() and not after.entropies_grad[hidden].any()


@pytest.mark.parametrize("kind", KINDS)
@given(batches(), st.integers(1, 2))
@settings(deadline=None, max_examples=20)
def test_micro_batches_add_up(kind: LossKind, x: Batch, size: int) -> None:
    whole = differentiate(kind, x)
    starts = range(0, len(x.advantages), size)
    parts = [differentiate(kind, x.rows(slice(start, start + size))) for start in starts]
    summed = Result(
        loss=sum(part.loss for part in parts),
        logprobs_grad=torch.cat([part.logprobs_grad for part in parts]),
        entropies_grad=torch.cat([part.entropies_grad for part in parts]),
        metrics={name: sum(part.metrics[name] for part in parts) for name in whole.metrics},
    )
    assert_same(summed, whole)


@pytest.mark.parametrize("kind", KINDS)
@given(batches(), st.sampled_from(["k2", "k3"]))  # k1's gradient is not its own, see test_expected_kl_gradient
@settings(deadline=None, max_examples=10)
def test_gradient_against_finite_differences(kind: LossKind, x: Batch, estimator: KlEstimator) -> None:
    x = replace(x, estimator=estimator)
    if kind == "cispo":  # its weights carry no gradient; they do not move either where all of them are at the bound
        x = replace(x, old=x.logprobs - 3)
    gradient = differentiate(kind, x).logprobs_grad
    step = 1e-6
    for index in range(x.logprobs.numel()):
        shift = torch.zeros_like(x.logprobs)
        shift.view(-1)[index] = step
        up, down = (output_of(kind, replace(x, logprobs=x.logprobs + sign * shift)).loss for sign in (1, -1))
        slope = float(up - down) / (2 * step)
        assert float(gradient.view(-1)[index]) == pytest.approx(slope, rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("kind", KINDS)
@given(batches())
@settings(deadline=None, max_examples=20)
def test_at_ratio_one_the_gradient_is_the_policy_gradient(kind: LossKind, x: Batch) -> None:
    """What each paper says that log pi(o_it) is pushed by, when the policy is the one that sampled."""
    x = replace(x, old=x.logprobs, cap=None, estimator=None, entropy_coef=0.0)
    advantages, lengths = x.advantages[:, None], x.mask.sum(1, keepdim=True).clamp(min=1)
    expected = {
        "grpo": advantages / (x.samples * lengths),
        "dr_grpo": advantages / (x.samples * x.max_tokens),
        "dapo": advantages / x.tokens,
        "gspo": advantages / (x.samples * lengths),
        "cispo": advantages / x.tokens,
        "rloo": advantages / x.samples,  # A_i grad log pi(o_i), log pi(o_i) being a sum over tokens: REINFORCE
    }[kind]
    result = differentiate(kind, x)
    torch.testing.assert_close(result.logprobs_grad, -expected * x.mask, rtol=1e-12, atol=1e-15)
    assert result.metrics == {"clipped": 0, "ratio": pytest.approx(float(x.mask.sum()))}


@pytest.mark.parametrize("advantage", [1.0, -1.0, 0.0])
@pytest.mark.parametrize("drift", [0.5, 100.0, -100.0])
@pytest.mark.parametrize("kind", KINDS)
def test_a_policy_far_away_leaves_the_gradient_finite(kind: LossKind, drift: float, advantage: float) -> None:
    """0.5 nats a token over 200 tokens are a ratio of e^100 in rloo, more than float32 holds."""
    logprobs = torch.full((1, 200), -0.5).requires_grad_()
    advantages, mask = torch.tensor([advantage]), torch.ones(1, 200)
    sizes = {"samples": 1, "tokens": 200, "max_tokens": 200}
    output = policy_loss(kind, logprobs, logprobs.detach() - drift, advantages, mask, clip=(0.2, 0.2), **sizes)  # type: ignore[arg-type]
    output.loss.backward()
    assert logprobs.grad is not None and logprobs.grad.isfinite().all() and output.loss.isfinite()
    assert math.isfinite(output.metrics["ratio"])
    if kind != "cispo" and advantage > 0 and drift > 0:
        assert not logprobs.grad.any()  # clipped


def test_every_kind_has_a_loss() -> None:
    assert set(LOSSES) == set(KINDS)
