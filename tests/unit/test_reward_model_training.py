"""Training reward models: what they recover, when they stop, and the reports on them."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import spearmanr

from builders import run_config
from verirl.contrast_config import RewardModelConfig
from verirl.errors import DataError, RunError
from verirl.models import load_model, load_tokenizer, render
from verirl.reward_model.calibration import pair_report, score_report
from verirl.reward_model.model import RewardModel
from verirl.reward_model.preferences import Pair
from verirl.reward_model.training import (
    TokenPair,
    bradley_terry_loss,
    encode_pairs,
    raw_scores_of_pairs,
    train_reward_model,
)
from verirl.tiny import make_tiny_model

HEADS = ("last", "sequence")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def make(folder: Path, head: Any) -> RewardModel:
    options = run_config(folder).model
    return RewardModel(load_model(options, torch.float32), load_tokenizer(options), head)


WORTH = {10: 1.0, 11: 0.6, 12: -0.8, 13: -0.4}  # of a token, each time it comes
VOCABULARY = range(10, 22)


def utility_of(tokens: Sequence[int]) -> float:
    return sum(WORTH.get(token, 0.0) for token in tokens)


def planted_pairs(count: int, seed: int) -> tuple[list[TokenPair], float]:
    """Pairs labelled with Bradley-Terry noise, and the accuracy of who knows the utility and not the coins."""
    draw = random.Random(seed)
    pairs, best = [], 0.0
    while len(pairs) < count:
        a, b = (tuple(draw.choice(VOCABULARY) for _ in range(8)) for _ in range(2))
        p = 1 / (1 + math.exp(2 * (utility_of(b) - utility_of(a))))
        best += max(p, 1 - p)
        chosen, rejected = (a, b) if draw.random() < p else (b, a)
        pairs.append(TokenPair(prompt=(5, 6), chosen=(*chosen, 2), rejected=(*rejected, 2)))
    return pairs, best / count


@pytest.fixture(scope="module")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("small"), hidden=32, spread=0.1)


@pytest.mark.parametrize("head", HEADS)
def test_a_planted_utility_is_recovered(small_model: Path, head: Any) -> None:
    model = make(small_model, head)
    train, _ = planted_pairs(1000, 0)
    stop, _ = planted_pairs(100, 1)
    held_out, bayes = planted_pairs(1000, 2)
    options = RewardModelConfig(head=head, learning_rate=6e-3, epochs=4, pairs_per_step=32, patience=16)
    result = train_reward_model(model, train, stop, options, seed=0)
    chosen, rejected = raw_scores_of_pairs(model, held_out)
    report = pair_report(chosen, rejected)
    assert 0.7 < bayes < 0.95
    assert bayes - 0.05 < report["accuracy"] < bayes + 0.05
    assert report["ece"] < 0.08
    responses = [pair.chosen for pair in held_out]
    scores = model.raw_scores([((5, 6), responses)])
    truth = [utility_of(tokens) for tokens in responses]
    assert float(np.corrcoef(scores, truth)[0, 1]) > 0.9
    assert result.best.loss == min(check.loss for check in result.checks)
    stops = raw_scores_of_pairs(model, stop)
    assert float(bradley_terry_loss(*stops)) == pytest.approx(result.best.loss, abs=1e-5)  # the best weights are kept


def test_the_loss_is_that_of_logistic_regression() -> None:
    """On fixed features the weights found are the planted ones, within their standard errors."""
    draw = np.random.default_rng(0)
    planted = np.array([1.5, -1.0, 0.5, 0.0, -0.25, 0.75])
    a, b = draw.normal(size=(2, 20000, 6))
    p = 1 / (1 + np.exp(-(a - b) @ planted))
    first = draw.random(20000) < p
    chosen, rejected = np.where(first[:, None], a, b), np.where(first[:, None], b, a)

    def loss(weights: Any) -> tuple[float, Any]:
        w = torch.tensor(weights, requires_grad=True)
        value = bradley_terry_loss(torch.tensor(chosen) @ w, torch.tensor(rejected) @ w)
        value.backward()  # type: ignore[no-untyped-call]
        assert w.grad is not None
        return float(value.detach()), w.grad.numpy()

    found = minimize(loss, np.zeros(6), jac=True, tol=1e-10).x
    information = ((a - b) * (p * (1 - p))[:, None]).T @ (a - b)
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    assert (np.abs(found - planted) < 4 * errors).all()
    assert (errors < 0.05).all()
    assert loss(np.zeros(6))[0] == pytest.approx(math.log(2))


@pytest.mark.parametrize("head", HEADS)
def test_training_is_repeatable_and_micro_batches_do_not_matter(small_model: Path, head: Any) -> None:
    options = RewardModelConfig(head=head, learning_rate=1e-3, epochs=2, pairs_per_step=16)
    train, stop = planted_pairs(48, 0)[0], planted_pairs(16, 1)[0]

    def weights(seed: int, budget: int) -> list[torch.Tensor]:
        model = make(small_model, head)
        train_reward_model(model, train, stop, options, seed, micro_batch_tokens=budget)
        return [parameter.detach() for parameter in model.parameters()]

    first, again, other, parts = weights(0, 4096), weights(0, 4096), weights(1, 4096), weights(0, 64)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(first, other, strict=True))
    assert all(torch.allclose(a, b, atol=2e-3) for a, b in zip(first, parts, strict=True))


def test_patience_ends_it_and_a_frozen_backbone_stays(small_model: Path) -> None:
    """Stopping pairs that say the contrary get worse from the start: the weights before the first step are kept."""
    model = make(small_model, "last")
    model.backbone.requires_grad_(False)
    train = planted_pairs(64, 0)[0]
    contrary = [TokenPair(prompt=p.prompt, chosen=p.rejected, rejected=p.chosen) for p in train]
    before = [parameter.detach().clone() for parameter in model.parameters()]
    told: list[dict[str, float]] = []
    options = RewardModelConfig(learning_rate=1e-2, epochs=50, pairs_per_step=16, patience=3)
    result = train_reward_model(model, train, contrary, options, 0, lambda step, metrics: told.append(metrics))
    assert result.best.step == 0 and result.steps == 3 and result.planned == 200 and len(result.checks) == 4
    assert [sorted(metrics) for metrics in told] == [
        ["accuracy", "grad_norm", "learning_rate", "loss", "stop_accuracy", "stop_loss"]
    ] * 3
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    options = RewardModelConfig(learning_rate=1e-2, epochs=2, pairs_per_step=16)
    train_reward_model(model, train, train, options, 0)
    assert not torch.equal(before[-1], model.head.state_dict()["weight"])
    assert all(torch.equal(a, b) for a, b in zip(before, model.backbone.parameters(), strict=False))


def test_a_loss_that_is_not_finite_stops_the_training(small_model: Path) -> None:
    model = make(small_model, "last")
    pairs = planted_pairs(8, 0)[0]

    def poison(step: int, metrics: dict[str, float]) -> None:
        with torch.no_grad():
            next(model.head.parameters()).fill_(math.nan)

    with pytest.raises(RunError, match=r"not finite: start again with a lower reward_model\.learning_rate"):
        train_reward_model(model, pairs, pairs, RewardModelConfig(pairs_per_step=2), 0, poison)
    with pytest.raises(DataError, match="needs pairs"):
        train_reward_model(model, pairs, [], RewardModelConfig(), 0)


def test_pairs_are_encoded_as_the_sampler_writes(tiny_model: Path) -> None:
    tokenizer = load_tokenizer(run_config(tiny_model).model)
    prompt = ({"role": "user", "content": "3+4"},)
    pair = Pair(problem_id="p", prompt=prompt, chosen="7", rejected="8", rejected_tokens=(9, 9))
    (found,) = encode_pairs([pair], tokenizer, 100)
    assert list(found.prompt) == render(tokenizer, prompt, "", add_generation_prompt=True)
    assert found.chosen == (*tokenizer("7", add_special_tokens=False)["input_ids"], tokenizer.eos_token_id)
    assert found.rejected == (9, 9)
    with pytest.raises(DataError, match=r"problem p: it has \d+ tokens"):
        encode_pairs([pair], tokenizer, 5)
    same = Pair(problem_id="p", prompt=prompt, chosen="7", rejected="8", chosen_tokens=(9,), rejected_tokens=(9,))
    with pytest.raises(DataError, match="same tokens"):
        encode_pairs([same], tokenizer, 100)


# --------------------------------------------------------------------------------------------------------------- reports


def test_a_pair_report_by_hand() -> None:
    found = pair_report([2.0, 0.0, 1.0, 1.0], [0.0, 1.0, 1.0, 0.9])
    assert found["pairs"] == 4 and found["accuracy"] == (1 + 0 + 0.5 + 1) / 4
    low, high = found["accuracy_interval"]
    assert low < found["accuracy"] < high
    losses = [math.log1p(math.exp(-gap)) for gap in (2.0, -1.0, 0.0, 0.1)]
    assert found["loss"] == pytest.approx(sum(losses) / 4)

    def sure(gap: float) -> float:
        return 1 / (1 + math.exp(-gap))

    # Bins of 0.05 from 0.5: a tie and 0.525 share the first, 0.731 and 0.881 have their own.
    expected = abs(0.5 - sure(0.0) + 1 - sure(0.1)) + abs(0 - sure(1.0)) + abs(1 - sure(2.0))
    assert found["ece"] == pytest.approx(expected / 4)
    clustered = pair_report([1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0], ["a", "a", "b", "b"])["accuracy_interval"]
    plain = pair_report([1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0])["accuracy_interval"]
    assert clustered[0] < plain[0] and clustered[1] > plain[1]
    with pytest.raises(ValueError, match="no pairs"):
        pair_report([], [])
    with pytest.raises(ValueError, match="not finite"):
        pair_report([math.nan], [0.0])


def test_calibrated_scores_have_no_calibration_error() -> None:
    draw = np.random.default_rng(1)
    gaps = draw.normal(0, 2, 50000)
    first = draw.random(50000) < 1 / (1 + np.exp(-gaps))
    signed = np.where(first, gaps, -gaps)  # chosen minus rejected
    assert pair_report(signed, np.zeros(50000))["ece"] < 0.01
    assert pair_report(3 * signed, np.zeros(50000))["ece"] > 0.05  # too sure


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans(), st.integers(0, 5)), min_size=1, max_size=30))
def test_a_score_report_matches_its_definitions(rows: list[tuple[int, bool, int]]) -> None:
    scores, correct, lengths = ([row[at] for row in rows] for at in range(3))
    found = score_report(scores, correct, lengths)
    right = [s for s, ok in zip(scores, correct, strict=True) if ok]
    wrong = [s for s, ok in zip(scores, correct, strict=True) if not ok]
    assert found["samples"] == len(rows) and found["right"] == len(right)
    if right and wrong:
        wins = [1.0 if a > b else 0.5 if a == b else 0.0 for a in right for b in wrong]
        assert found["auc"] == pytest.approx(sum(wins) / len(wins))
        difference = sum(right) / len(right) - sum(wrong) / len(wrong)
        assert found["gap"] == pytest.approx(difference / (float(np.std(scores)) or 1.0))
    else:
        assert found["auc"] is None and found["gap"] is None
    if len(set(scores)) > 1 and len(set(lengths)) > 1:
        assert found["length_correlation"] == pytest.approx(float(spearmanr(scores, lengths).statistic))
    else:
        assert found["length_correlation"] is None
