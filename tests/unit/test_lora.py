"""LoRA: only adapters learn, and everybody else sees a plain model."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from obvious import obvious_step
from transformers import AutoModelForCausalLM, GPT2Config

from builders import make_learner, plain_logits, plain_logprobs, random_batch, run_config, weights_of
from verirl import lora
from verirl.errors import ModelError
from verirl.learner import TorchLearner
from verirl.models import load_model, load_tokenizer
from verirl.runlog import list_checkpoints
from verirl.samplers.hf import HfSampler
from verirl.tiny import make_tiny_model
from verirl.types import Request

IDS = [5, 9, 33, 71, 20, 8]
FAST: dict[str, Any] = {"learning_rate": 1e-2, "warmup_steps": 0}


@pytest.fixture(scope="module", params=[True, False], ids=["tied", "untied"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("lora") / "m", seed=1, hidden=32, tied=request.param, spread=0.2)


@pytest.fixture
def learner_of(sharp_model: Path, tmp_path: Path) -> Callable[..., TorchLearner]:
    def make(model_folder: Path = sharp_model, to: str = "checkpoints", **sections: Any) -> TorchLearner:
        sections["model"] = {"lora_rank": 3, "lora_alpha": 7.0, **sections.get("model", {})}
        return make_learner(run_config(model_folder, **sections), tmp_path / to)

    return make


def taught(learner: TorchLearner, steps: int = 2) -> TorchLearner:
    for seed in range(steps):
        learner.step(random_batch(seed))
    return learner


def test_only_adapters_learn(learner_of: Callable[..., TorchLearner]) -> None:
    learner = learner_of(optimizer=FAST, model={"lora_rank": 3})
    before = {name: tensor.detach().clone() for name, tensor in learner.model.named_parameters()}
    taught(learner)
    layers = 2 * 7  # q, k, v, o, gate, up, down
    adapters = [name for name in before if ".lora_" in name]
    assert len(adapters) == len(learner.trained) == 2 * layers
    assert not any("lm_head" in name or "embed" in name for name in adapters)
    for name, parameter in learner.model.named_parameters():
        assert torch.equal(parameter, before[name]) is (name not in adapters), name
        assert parameter.requires_grad is (name in adapters), name


def test_the_gradient_follows_from_that_of_the_plain_weights(
    learner_of: Callable[..., TorchLearner], monkeypatch: pytest.MonkeyPatch
) -> None:
    """W = W0 + s B A, so dL/dB = s dL/dW A^T and dL/dA = s B^T dL/dW."""
    learner = taught(learner_of(optimizer=FAST, loss={"kl_coef": 0.3, "entropy_coef": 0.1}))
    start: Any = load_model(learner.config.model, torch.float32)
    model: Any = copy.deepcopy(start)
    model.load_state_dict(weights_of(learner), strict=False)
    batch = random_batch(seed=7)
    monkeypatch.setattr(learner, "_update", lambda loss: {"grad_norm": 0.0, "learning_rate": 0.0})
    metrics = learner.step(batch)
    expected = obvious_step(learner.config, model, batch, start)  # the KL is to the model without adapters
    assert expected["kl"] > 0.01
    assert {name: metrics[name] for name in expected} == pytest.approx(expected, rel=1e-3, abs=1e-5)
    gradient = {name: parameter.grad for name, parameter in model.named_parameters()}
    for name, layer in learner.model.named_modules():
        if hasattr(layer, "lora_A"):
            a, b, scale = layer.lora_A["default"].weight, layer.lora_B["default"].weight, 7.0 / 3
            plain = gradient[f"{name}.weight"]
            assert plain.abs().max() > 0
            torch.testing.assert_close(b.grad, scale * plain @ a.T, atol=1e-5, rtol=1e-3)
            torch.testing.assert_close(a.grad, scale * b.T @ plain, atol=1e-5, rtol=1e-3)


def test_merged_weights_are_the_adapted_model(learner_of: Callable[..., TorchLearner], folder: Path) -> None:
    learner = taught(learner_of(folder, optimizer=FAST))
    plain: Any = load_model(learner.config.model, torch.float32)
    before = plain_logits(plain, IDS)
    held, merged = dict(plain.named_parameters()), dict(learner.weights())
    assert list(merged) == list(held)  # tied weights once, in the model's own order
    assert {name: tensor.shape for name, tensor in merged.items()} == {name: p.shape for name, p in held.items()}
    assert not any(tensor.requires_grad for tensor in merged.values())
    plain.load_state_dict(merged, strict=False)
    torch.testing.assert_close(plain_logits(plain, IDS), plain_logits(learner.model, IDS), atol=1e-4, rtol=0)
    assert (plain_logits(plain, IDS) - before).abs().max() > 0.01
    again = dict(learner.weights())
    assert all(torch.equal(tensor, again[name]) for name, tensor in merged.items())  # merging changes nothing


def test_weights_that_are_stored_transposed(tmp_path: Path, sharp_model: Path) -> None:
    """GPT-2's layers hold [inputs, outputs], and biases."""
    size = {"vocab_size": 128, "n_embd": 32, "n_layer": 1, "n_head": 1, "n_positions": 64, "initializer_range": 0.2}
    torch.manual_seed(0)
    model: Any = AutoModelForCausalLM.from_config(GPT2Config(**size, bos_token_id=1, eos_token_id=2))  # type: ignore[no-untyped-call]
    plain = copy.deepcopy(model).eval()
    config = run_config(sharp_model, model={"lora_rank": 2}, optimizer=FAST)
    learner = taught(TorchLearner(model, load_tokenizer(config.model), config, tmp_path))
    merged = dict(learner.weights())
    assert list(merged) == [name for name, _ in plain.named_parameters()]
    plain.load_state_dict(merged, strict=False)
    torch.testing.assert_close(plain_logits(plain, IDS), plain_logits(learner.model, IDS), atol=1e-4, rtol=0)


def test_adapters_off_is_the_start_model(learner_of: Callable[..., TorchLearner]) -> None:
    learner = taught(learner_of(optimizer=FAST))
    start = plain_logits(load_model(learner.config.model, torch.float32), IDS)
    adapted = plain_logits(learner.model, IDS)
    assert (adapted - start).abs().max() > 0.01
    with pytest.raises(RuntimeError), lora.adapters_off(learner.model):
        assert torch.equal(plain_logits(learner.model, IDS), start)
        raise RuntimeError  # they come back whatever happens
    assert torch.equal(plain_logits(learner.model, IDS), adapted)
    assert all(parameter.requires_grad for parameter in learner.trained)


def test_a_checkpoint_is_a_plain_model_with_the_adapter_beside_it(
    learner_of: Callable[..., TorchLearner], folder: Path
) -> None:
    from peft import PeftModel

    learner = taught(learner_of(folder, optimizer=FAST))
    learner.save(2, {})
    (saved,) = list_checkpoints(learner.checkpoints)
    adapted = plain_logits(learner.model, IDS)
    loaded, info = AutoModelForCausalLM.from_pretrained(saved, dtype=torch.float32, output_loading_info=True)  # type: ignore[no-untyped-call]
    assert not info["missing_keys"] and not info["unexpected_keys"]
    held = dict(loaded.named_parameters())
    assert all(torch.equal(held[name], tensor) for name, tensor in learner.weights())
    torch.testing.assert_close(plain_logits(loaded, IDS), adapted, atol=1e-4, rtol=0)
    base = load_model(learner.config.model, torch.float32)
    with_adapter: Any = PeftModel.from_pretrained(base, str(saved / "adapter"))
    assert torch.equal(plain_logits(with_adapter.eval(), IDS), adapted)


@pytest.mark.parametrize("kind", ["adamw", "adamw_8bit"])
def test_resume_is_exact_to_the_bit(learner_of: Callable[..., TorchLearner], kind: str) -> None:
    options: dict[str, Any] = {
        "optimizer": {"kind": kind, "learning_rate": 1e-2, "warmup_steps": 3},
        "loss": {"kl_coef": 0.1},
        "model": {"gradient_checkpointing": True},
    }
    batches = [random_batch(seed) for seed in range(4)]
    straight = learner_of(to="a", **options)
    metrics = [straight.step(batch) for batch in batches]
    first = learner_of(to="b", **options)
    assert [first.step(batch) for batch in batches[:2]] == metrics[:2]  # adapters start the same in every process
    first.save(2, {"position": 32})
    second = learner_of(to="b", **options)
    assert second.resume() == (2, {"position": 32})
    assert [second.step(batch) for batch in batches[2:]] == metrics[2:]
    for (name, one), (_, other) in zip(straight.weights(), second.weights(), strict=True):
        assert torch.equal(one, other), name


def test_adapters_are_drawn_with_the_run_s_seed_and_disturb_no_other_draw(
    learner_of: Callable[..., TorchLearner],
) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one = learner_of(seed=1)
    assert torch.equal(torch.rand(3), expected)
    torch.manual_seed(6)
    same, other = learner_of(seed=1), learner_of(seed=2)
    assert all(torch.equal(a, b) for a, b in zip(one.trained, same.trained, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one.trained, other.trained, strict=True))


def test_the_sampler_takes_the_merged_weights(learner_of: Callable[..., TorchLearner], folder: Path) -> None:
    learner = taught(learner_of(folder, optimizer=FAST))
    sampler = HfSampler(learner.config, str(folder))
    sampler.load(learner.weights(), version=3)  # which compares all of them
    (found,) = sampler.sample([Request(prompt_ids=IDS, max_tokens=6, seed=4)])
    assert set(found.policy_versions) == {3}
    expected = plain_logprobs(learner.model, IDS, found.token_ids)
    torch.testing.assert_close(torch.tensor(found.logprobs), expected, atol=1e-4, rtol=0)


def test_checkpointing_gives_the_same_gradient(
    learner_of: Callable[..., TorchLearner], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for checkpointing in (False, True):
        learner = taught(learner_of(optimizer=FAST, model={"gradient_checkpointing": checkpointing}))
        monkeypatch.setattr(learner, "_update", lambda loss: {"grad_norm": 0.0, "learning_rate": 0.0})
        learner.step(random_batch(seed=5))
        found.append([parameter.grad for parameter in learner.trained])
    for one, other in zip(*found, strict=True):
        assert one is not None and other is not None and one.abs().max() > 0
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)


def test_without_peft(learner_of: Callable[..., TorchLearner], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(
        ModelError, match=r"^`model.lora_rank` needs peft: pip install 'verirl\[lora\]', or set it to 0.$"
    ):
        learner_of()
    learner_of(model={"lora_rank": 0}, loss={"kl_coef": 0.1}).step(random_batch(seed=0))  # peft is asked for nothing
