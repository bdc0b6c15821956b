"""The loss: by hand, against loops that anybody can follow, and against finite differences."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from verirl.loss import grpo_loss

LOW, HIGH = 0.2, 0.3


def loss_of(
    ratios: list[list[float]],
    advantages: list[float],
    mask: list[list[float]] | None = None,
    samples: int | None = None,
) -> tuple[float, float]:
    """(loss, clipped tokens) for given ratios, the old log-probabilities being -1."""
    logprobs = torch.tensor(ratios, dtype=torch.float64).log() - 1.0
    output = grpo_loss(
        logprobs,
        torch.full_like(logprobs, -1.0),
        torch.tensor(advantages, dtype=torch.float64),
        torch.ones_like(logprobs) if mask is None else torch.tensor(mask, dtype=torch.float64),
        len(ratios) if samples is None else samples,
        LOW,
        HIGH,
    )
    return float(output.loss), output.metrics["clipped_tokens"]


@pytest.mark.parametrize(
    ("ratio", "advantage", "objective", "clipped"),
    [
        # clip(ratio) lies in [0.8, 1.3]; J is the smaller of ratio * A and clip(ratio) * A.
        (1.0, 2.0, 2.0, 0),  # nothing to clip
        (1.2, 2.0, 2.4, 0),  # within the bounds
        (1.5, 2.0, 2.6, 1),  # min(3.0, 1.3 * 2): clipped above, no more reward for going on
        (0.5, 2.0, 1.0, 0),  # min(1.0, 0.8 * 2): below, a good token must still be able to come back
        (1.5, -2.0, -3.0, 0),  # min(-3.0, -2.6): above, a bad token must still be able to go down
        (0.5, -2.0, -1.6, 1),  # min(-1.0, -1.6): clipped below, no more reward for going further down
        (0.9, -2.0, -1.8, 0),
    ],
)
def test_one_token_by_hand(ratio: float, advantage: float, objective: float, clipped: int) -> None:
    loss, count = loss_of([[ratio]], [advantage])
    assert loss == pytest.approx(-objective, rel=1e-12)
    assert count == clipped


def test_averages_by_hand() -> None:
    # Row 0: A = 1, ratios 1.0 and 2.0 -> J = 1.0 and 1.3, mean over its two tokens 1.15.
    # Row 1: A = -2, ratio 0.5 -> min(-1.0, -1.6) = -1.6; its second column is padding. Mean over one token: -1.6.
    # Two rows of five scored samples: loss = -(1.15 - 1.6) / 5 = 0.09.
    loss, clipped = loss_of([[1.0, 2.0], [0.5, 1.0]], [1.0, -2.0], [[1, 1], [1, 0]], samples=5)
    assert loss == pytest.approx(0.09, rel=1e-12)
    assert clipped == 2


def test_at_ratio_one_the_gradient_is_the_policy_gradient() -> None:
    # d loss / d logprob = -A / (|o| * samples) when nothing is clipped.
    logprobs = torch.tensor([[-1.0, -2.0, -3.0], [-1.0, -2.0, 0.0]], dtype=torch.float64, requires_grad=True)
    mask = torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]], dtype=torch.float64)
    advantages = torch.tensor([3.0, -1.0], dtype=torch.float64)
    grpo_loss(logprobs, logprobs.detach(), advantages, mask, 4, LOW, HIGH).loss.backward()
    expected = torch.tensor([[-3 / 12] * 3, [1 / 8, 1 / 8, 0.0]], dtype=torch.float64)
    assert logprobs.grad is not None
    torch.testing.assert_close(logprobs.grad, expected)


def test_clipped_tokens_give_no_gradient() -> None:
    logprobs = torch.tensor([[1.5, 0.5], [1.5, 0.5]], dtype=torch.float64).log().requires_grad_()
    old = torch.zeros(2, 2, dtype=torch.float64)
    advantages = torch.tensor([1.0, -1.0], dtype=torch.float64)
    grpo_loss(logprobs, old, advantages, torch.ones(2, 2, dtype=torch.float64), 2, LOW, HIGH).loss.backward()
    assert logprobs.grad is not None
    # Only (A > 0, ratio 0.5) and (A < 0, ratio 1.5) still pull: -ratio * A / (2 tokens * 2 samples).
    expected = torch.tensor([[0.0, -0.5 / 4], [1.5 / 4, 0.0]], dtype=torch.float64)
    torch.testing.assert_close(logprobs.grad, expected)


@st.composite
def cases(draw: Any) -> dict[str, Any]:
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 5))

    def table(values: Any) -> list[list[float]]:
        return [[draw(values) for _ in range(columns)] for _ in range(rows)]

    logprobs = table(st.floats(-6, 0))
    return {
        "logprobs": logprobs,
        "old": [[value + draw(st.floats(-1.2, 1.2)) for value in row] for row in logprobs],
        "advantages": [draw(st.floats(-3, 3)) for _ in range(rows)],
        "mask": table(st.sampled_from([0.0, 1.0])),
        "samples": draw(st.integers(rows, rows + 5)),
        "low": draw(st.floats(0.01, 0.9)),
        "high": draw(st.floats(0.01, 2.0)),
    }


def reference(case: dict[str, Any]) -> float:
    """The docstring's equation in loops."""
    total = 0.0
    for row, advantage in enumerate(case["advantages"]):
        terms = []
        for column, counts in enumerate(case["mask"][row]):
            if counts:
                ratio = math.exp(case["logprobs"][row][column] - case["old"][row][column])
                clipped = min(max(ratio, 1 - case["low"]), 1 + case["high"])
                terms.append(min(ratio * advantage, clipped * advantage))
        if terms:
            total += sum(terms) / len(terms)
    return -total / case["samples"]


def as_tensors(case: dict[str, Any]) -> dict[str, Any]:
    def tensor(name: str) -> torch.Tensor:
        return torch.tensor(case[name], dtype=torch.float64)

    return {
        "logprobs": tensor("logprobs"),
        "old_logprobs": tensor("old"),
        "advantages": tensor("advantages"),
        "mask": tensor("mask"),
        "samples": case["samples"],
        "clip_low": case["low"],
        "clip_high": case["high"],
    }


@given(cases())
@settings(deadline=None)
def test_against_loops(case: dict[str, Any]) -> None:
    assert float(grpo_loss(**as_tensors(case)).loss) == pytest.approx(reference(case), rel=1e-9, abs=1e-12)


@given(cases(), st.sampled_from([math.inf, -math.inf, math.nan, 1e30]))
@settings(deadline=None)
def test_padding_cannot_matter(case: dict[str, Any], garbage: float) -> None:
    clean = as_tensors(case)
    logprobs = clean["logprobs"].clone().requires_grad_()
    before = grpo_loss(**{**clean, "logprobs": logprobs})
    before.loss.backward()

    hidden = clean["mask"] == 0
    dirty = {**clean, "logprobs": clean["logprobs"].masked_fill(hidden, garbage).requires_grad_()}
    dirty["old_logprobs"] = clean["old_logprobs"].masked_fill(hidden, -7.0)
    after = grpo_loss(**dirty)
    after.loss.backward()

    assert after.loss.item() == pytest.approx(before.loss.item(), rel=1e-12, abs=1e-15)
    assert after.metrics == before.metrics
    torch.testing.assert_close(dirty["logprobs"].grad, logprobs.grad)
    assert dirty["logprobs"].grad is not None and not dirty["logprobs"].grad[hidden].any()


@given(cases(), st.integers(1, 3))
@settings(deadline=None)
def test_micro_batches_add_up(case: dict[str, Any], size: int) -> None:
    whole = as_tensors(case)
    parts = []
    for start in range(0, len(case["advantages"]), size):
        rows = {
            name: value[start : start + size] if isinstance(value, torch.Tensor) else value
            for name, value in whole.items()
        }
        parts.append(grpo_loss(**rows))
    all_at_once = grpo_loss(**whole)
    assert sum(float(part.loss) for part in parts) == pytest.approx(float(all_at_once.loss), rel=1e-9, abs=1e-12)
    clipped = sum(part.metrics["clipped_tokens"] for part in parts)
    assert clipped == all_at_once.metrics["clipped_tokens"]


@given(cases())
@settings(deadline=None, max_examples=40)
def test_gradient_against_finite_differences(case: dict[str, Any]) -> None:
    arguments = as_tensors(case)
    ratio = (arguments["logprobs"] - arguments["old_logprobs"]).exp()
    kinks = torch.tensor([1 - case["low"], 1 + case["high"]], dtype=torch.float64)
    if ((ratio[..., None] - kinks).abs() < 1e-3).any():
        return  # no derivative there
    logprobs = arguments["logprobs"].clone().requires_grad_()
    grpo_loss(**{**arguments, "logprobs": logprobs}).loss.backward()
    assert logprobs.grad is not None
    step = 1e-6
    for index in range(logprobs.numel()):
        moved = []
        for sign in (1, -1):
            shifted = arguments["logprobs"].clone()
            shifted.view(-1)[index] += sign * step
            moved.append(float(grpo_loss(**{**arguments, "logprobs": shifted}).loss))
        slope = (moved[0] - moved[1]) / (2 * step)
        assert float(logprobs.grad.view(-1)[index]) == pytest.approx(slope, rel=1e-4, abs=1e-7)
