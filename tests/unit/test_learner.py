"""The learner: one step against an obvious implementation, and checkpoints that survive anything."""

from __future__ import annotations

import copy
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from obvious import moved, obvious_step, rows_of
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    BloomConfig,
    CTRLConfig,
    FalconConfig,
    Gemma2Config,
    GptOssConfig,
    GraniteConfig,
    Lfm2Config,
    MistralConfig,
    MixtralConfig,
    OPTConfig,
    PhiConfig,
)  # fmt: skip

from builders import make_learner, random_batch, run_config, weights_of
from verirl.config import RunConfig
from verirl.errors import ConfigError, ModelError, RunError
from verirl.learner import TorchLearner
from verirl.models import load_model, load_tokenizer
from verirl.packing import batch_trees, micro_batches
from verirl.runlog import list_checkpoints
from verirl.types import Batch


@pytest.fixture
def learner_of(sharp_model: Path, tmp_path: Path) -> Callable[..., TorchLearner]:
    def make(folder: str = "checkpoints", **sections: Any) -> TorchLearner:
        return make_learner(run_config(sharp_model, **sections), tmp_path / folder)

    return make


def step_without_update(learner: TorchLearner, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """The step without its last line: gradients stay."""
    monkeypatch.setattr(learner, "_update", lambda loss: {"grad_norm": 0.0, "learning_rate": 0.0})
    metrics = learner.step(batch)
    del metrics["grad_norm"], metrics["learning_rate"]
    return metrics


def same_gradients(found: Any, expected: Any, atol: float = 1e-5, rtol: float = 1e-4) -> None:
    for (name, one), (_, other) in zip(found.named_parameters(), expected.named_parameters(), strict=True):
        assert one.grad is not None and other.grad is not None, name
        torch.testing.assert_close(one.grad, other.grad, atol=atol, rtol=rtol, msg=lambda m, n=name: f"{n}: {m}")
    assert any(parameter.grad.abs().max() > 1e-3 for parameter in expected.parameters())


def put(learner: TorchLearner, model: Any) -> None:
    """Gives the learner the weights of another model, as if it had learned them."""
    with torch.no_grad():
        for own, given in zip(learner.model.parameters(), model.parameters(), strict=True):
            own.copy_(given)


def uneven_batch(seed: int, **sizes: int) -> Batch:
    """Some samples have no advantage, and some that have none are not even rows."""
    batch = random_batch(seed, **sizes)
    advantages = torch.where(torch.arange(len(batch.ids)) % 4 == 1, 0.0, batch.advantages)
    return replace(batch, advantages=advantages, samples=batch.samples + 3, tokens=batch.tokens + 17)


KINDS = ["grpo", "dr_grpo", "dapo", "gspo", "cispo", "rloo"]
ALL: dict[str, Any] = {"kl_coef": 0.3, "entropy_coef": 0.1, "importance_cap": 0.7}
LOSSES: list[dict[str, Any]] = [
    *({"kind": kind} for kind in KINDS if kind != "cispo"),
    {"kind": "cispo", "clip_high": 0.4},
    *({"kind": kind, **ALL} for kind in KINDS),
    {"clip_low": 0.1, "clip_high": 0.5},
    {"kl_coef": 0.5, "kl_estimator": "k1"},
    {"kl_coef": 0.5, "kl_estimator": "k2"},
    {"kl_coef": 0.5, "kl_estimator": "k3"},
    {"entropy_coef": 0.2},
    {"importance_cap": 0.5},
]


def words(options: dict[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in options.items())


@pytest.mark.parametrize("loss", LOSSES, ids=words)
def test_loss_and_gradient_equal_the_obvious_ones(
    learner_of: Callable[..., TorchLearner], loss: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = learner_of(
        loss=loss,
        rollout={"temperature": 0.8, "max_tokens": 11},
        optimizer={"micro_batch_tokens": 48},
    )
    start = load_model(learner.config.model, torch.float32)
    model = moved(start)  # or the KL would be 0
    put(learner, model)
    batch = uneven_batch(seed=11, groups=3, size=4)
    metrics = step_without_update(learner, batch, monkeypatch)
    expected = obvious_step(learner.config, model, batch, start)
    if learner.config.loss.importance_cap is None:
        assert 0 < expected["clip_fraction"] < 1  # the batch has both kinds of tokens
    else:
        assert expected["ratio_mean"] == 1.0 and 0 < expected["importance_capped"] < 1
    assert metrics == pytest.approx(expected, rel=1e-4, abs=1e-6)
    same_gradients(learner.model, model)


def with_plain_descent(learner: TorchLearner) -> TorchLearner:
    """Adam's first step is lr * g / (|g| + 1e-8): where g is rounding noise, so is its sign. This can be compared."""
    learner.optimizer = torch.optim.SGD(learner.trained)
    return learner


@pytest.mark.parametrize("loss", [{"kind": "grpo"}, {"kind": "gspo"}, {"kind": "cispo", **ALL}], ids=words)
def test_several_updates_on_a_batch_are_steps_by_hand(
    learner_of: Callable[..., TorchLearner], loss: dict[str, Any]
) -> None:
    learner = with_plain_descent(
        learner_of(
            loss=loss,
            optimizer={"updates_per_batch": 2, "learning_rate": 0.05, "warmup_steps": 0, "max_grad_norm": 1e9},
        )
    )
    start = load_model(learner.config.model, torch.float32)
    model = moved(start)
    put(learner, model)
    batch = uneven_batch(seed=12, groups=2, size=4)
    metrics = learner.step(batch)
    assert learner.updates == 2
    expected = obvious_step(learner.config, model, batch, start, rate=0.05)
    assert {name: metrics[name] for name in expected} == pytest.approx(expected, rel=1e-4, abs=1e-5)
    if loss["kind"] == "cispo":
        assert expected["ratio_mean"] != pytest.approx(1.0, abs=1e-3)  # the second update is off the policy
    for own, other in zip(learner.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(own, other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_micro_batches_change_nothing(learner_of: Callable[..., TorchLearner], kind: str) -> None:
    batch = uneven_batch(seed=5, groups=5, size=4)
    results = []
    for tokens in (16, 64, 4096):
        optimizer = {"micro_batch_tokens": tokens, "updates_per_batch": 2, "learning_rate": 0.05}
        learner = with_plain_descent(learner_of(loss={"kind": kind, **ALL}, optimizer=optimizer))
        metrics = learner.step(batch)
        results.append((metrics, weights_of(learner)))
    start = weights_of(learner_of())
    for metrics, weights in results[:2]:
        assert metrics == pytest.approx(results[2][0], rel=1e-4, abs=1e-6)
        for name, tensor in weights.items():
            torch.testing.assert_close(tensor, results[2][1][name], atol=1e-5, rtol=1e-4)
            assert not torch.equal(tensor, start[name])


def test_the_reference_is_the_start_model_after_updates_and_after_a_resume(
    learner_of: Callable[..., TorchLearner],
) -> None:
    options: dict[str, Any] = {"loss": {"kl_coef": 0.1}, "optimizer": {"learning_rate": 1e-2, "warmup_steps": 0}}
    learner = learner_of(**options)
    start = load_model(learner.config.model, torch.float32)
    assert learner.step(random_batch(seed=0))["kl"] == pytest.approx(0, abs=1e-6)
    learner.step(random_batch(seed=1))
    learner.save(2, {})
    again = learner_of(**options)
    again.resume()
    batch = random_batch(seed=2)
    by_hand = obvious_step(learner.config, copy.deepcopy(learner.model), batch, start)["kl"]
    assert by_hand > 0.01
    metrics = learner.step(batch)
    assert metrics["kl"] == pytest.approx(by_hand, rel=1e-4)
    assert again.step(batch) == metrics


def test_no_reference_is_held_where_none_is_asked_for(learner_of: Callable[..., TorchLearner]) -> None:
    assert learner_of()._reference is None
    assert "kl" not in learner_of().step(random_batch(seed=0))


def test_a_step_raises_what_was_good_and_lowers_what_was_bad(learner_of: Callable[..., TorchLearner]) -> None:
    learner = learner_of(optimizer={"learning_rate": 1e-3, "warmup_steps": 0})
    batch = random_batch(seed=2, groups=2, size=3)

    def logprobs() -> torch.Tensor:
        found = torch.zeros(batch.mask.shape)
        with torch.no_grad():
            for packed in micro_batches(list(batch_trees(batch, 1000)), 1000):
                found[packed.samples, packed.columns] = learner.token_logprobs(packed, 1.0)[0]
        return found

    before = logprobs()
    batch = replace(batch, old_logprobs=before, sampler_logprobs=before)
    metrics = learner.step(batch)
    assert metrics["drift_max"] == 0.0 and metrics["clip_fraction"] == 0.0
    gain = ((logprobs() - before) * batch.mask).sum(1) / batch.mask.sum(1)
    assert float((gain * batch.advantages).sum()) > 0


def test_the_gradient_is_clipped(learner_of: Callable[..., TorchLearner], monkeypatch: pytest.MonkeyPatch) -> None:
    batch = random_batch(seed=7)
    free = learner_of(optimizer={"max_grad_norm": 1e9})
    norms = []
    for learner in (free, learner_of(optimizer={"max_grad_norm": 0.01})):
        seen: list[torch.Tensor] = []
        step = learner.optimizer.step

        def spy(learner: TorchLearner = learner, seen: list[torch.Tensor] = seen, step: Any = step) -> None:
            seen.extend(
                parameter.grad.clone() for parameter in learner.model.parameters() if parameter.grad is not None
            )
            step()

        monkeypatch.setattr(learner.optimizer, "step", spy)
        reported = learner.step(batch)["grad_norm"]
        norms.append((reported, float(torch.cat([gradient.flatten() for gradient in seen]).norm())))
        assert all(parameter.grad is None for parameter in learner.model.parameters())  # none is left for the next step
    (free_reported, free_used), (reported, used) = norms
    assert free_used == pytest.approx(free_reported, rel=1e-5) and free_used > 0.01
    assert reported == pytest.approx(free_reported, rel=1e-5)  # the norm before clipping is what is logged
    assert used == pytest.approx(0.01, rel=1e-3)


def test_warm_up_by_step(learner_of: Callable[..., TorchLearner]) -> None:
    learner = learner_of(optimizer={"learning_rate": 1e-3, "warmup_steps": 4})
    rates = [learner.step(random_batch(seed=i, groups=1, size=2))["learning_rate"] for i in range(6)]
    assert rates == pytest.approx([0.25e-3, 0.5e-3, 0.75e-3, 1e-3, 1e-3, 1e-3])
    assert learner.optimizer.param_groups[0]["lr"] == pytest.approx(1e-3)
    without = learner_of(optimizer={"learning_rate": 1e-3, "warmup_steps": 0})
    assert without.step(random_batch(seed=0, groups=1, size=2))["learning_rate"] == pytest.approx(1e-3)


def test_the_first_update_is_adam_by_hand(learner_of: Callable[..., TorchLearner]) -> None:
    # First step of Adam: m / (1 - beta1) = g, v / (1 - beta2) = g^2, so the update is lr * g / (|g| + 1e-8) = +-lr.
    learner = learner_of(optimizer={"learning_rate": 1e-3, "warmup_steps": 0, "max_grad_norm": 1e9})
    before = weights_of(learner)
    learner.step(random_batch(seed=1))
    moved = torch.cat([(tensor - before[name]).flatten().abs() for name, tensor in learner.weights()])
    assert float(moved.max()) <= 1e-3 * 1.01
    assert float((moved > 0.9e-3).float().mean()) > 0.5


# ----------------------------------------------------------------------------------------------- models of other kinds

SIZES: dict[str, Any] = {
    "vocab_size": 128,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 1,
    "initializer_range": 0.2,
    "pad_token_id": 0,
}
GATED: dict[str, Any] = {**SIZES, "intermediate_size": 64, "num_key_value_heads": 1}
DROPPING = ("dropout", "noise", "bias")  # what training mode would do to these, checkpointing must not
OTHERS: dict[str, tuple[Any, bool]] = {  # config, and whether the head is just a product
    "scaled logits": (GraniteConfig(**GATED, logits_scaling=8.0), False),
    "capped logits, a sliding window in every other layer": (
        Gemma2Config(**GATED, head_dim=32, final_logit_softcapping=2.0, sliding_window=4),
        False,
    ),
    "a sliding window in all layers": (MistralConfig(**GATED, sliding_window=4), True),
    "a bias at the output": (PhiConfig(**GATED, resid_pdrop=0.1, embd_pdrop=0.1, attention_dropout=0.1), True),
    "experts, no fast attention, a sliding window": (
        GptOssConfig(**GATED, head_dim=32, num_local_experts=4, sliding_window=4, eos_token_id=2),
        True,
    ),
    "dropout that is no module": (
        OPTConfig(**SIZES, ffn_dim=64, word_embed_proj_dim=32, init_std=0.2, dropout=0.1, attention_dropout=0.1),
        True,
    ),
    "dropout read from the config": (FalconConfig(**SIZES, hidden_dropout=0.1, attention_dropout=0.1), True),
    "noise on the way to the experts": (
        MixtralConfig(**GATED, num_local_experts=4, router_jitter_noise=0.1, attention_dropout=0.1),
        True,
    ),
}


def made(config: Any, attention: str | None = None) -> Any:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, attn_implementation=attention).eval()  # type: ignore[no-untyped-call]
    return moved(model)  # biases too are something by now


@pytest.fixture
def learner_with(sharp_model: Path, tmp_path: Path) -> Callable[..., TorchLearner]:
    def make(given: Any, **sections: Any) -> TorchLearner:
        config = run_config(sharp_model, **sections)
        return TorchLearner(given, load_tokenizer(config.model), config, tmp_path)

    return make


@pytest.mark.parametrize("kind", OTHERS)
def test_models_of_other_kinds_learn_the_same(
    learner_with: Callable[..., TorchLearner], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, is_plain = OTHERS[kind]
    start = made(config)
    learner = learner_with(
        copy.deepcopy(start),
        model={"gradient_checkpointing": any(word in kind for word in DROPPING)},
        loss={"kl_coef": 0.3, "entropy_coef": 0.1},
        rollout={"temperature": 0.8},
    )
    assert learner._head_is_plain is is_plain
    model = moved(start)
    put(learner, model)
    batch = uneven_batch(seed=9, groups=2, size=3)
    metrics = step_without_update(learner, batch, monkeypatch)
    assert metrics == pytest.approx(obvious_step(learner.config, model, batch, start), rel=1e-4, abs=1e-6)
    same_gradients(learner.model, model)


def test_attention_that_adds_its_mask(
    learner_with: Callable[..., TorchLearner], sharp_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = AutoConfig.from_pretrained(sharp_model)
    model = made(config, "eager")
    learner = learner_with(copy.deepcopy(model))
    batch = random_batch(seed=9)
    metrics = step_without_update(learner, batch, monkeypatch)
    assert metrics == pytest.approx(obvious_step(learner.config, model, batch), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(
    "config",
    [
        Lfm2Config(**GATED, layer_types=["conv", "full_attention"]),  # its convolution runs over all that is in a row
        BloomConfig(vocab_size=128, hidden_size=32, n_layer=1, n_head=1, initializer_range=0.2),  # positions by mask
    ],
    ids=["recurrent", "ALiBi"],
)
def test_a_model_that_cannot_keep_responses_apart_is_refused(
    learner_with: Callable[..., TorchLearner], config: Any
) -> None:
    model = made(config)
    with pytest.raises(ModelError, match=f"^{type(model).__name__} cannot be trained here: .*take another model.$"):
        learner_with(model)


# ------------------------------------------------------------------------------------------ memory, precision, optimiser


def gradients_of(learner: TorchLearner) -> torch.Tensor:
    return torch.cat([parameter.grad.flatten() for parameter in learner.trained if parameter.grad is not None])


def test_checkpointing_computes_layers_again_and_gives_the_same(
    learner_of: Callable[..., TorchLearner], sharp_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = uneven_batch(seed=3)
    found, calls = [], []
    for checkpointing in (False, True):
        learner = learner_of(model={"gradient_checkpointing": checkpointing}, loss={"entropy_coef": 0.1})
        model: Any = learner.model
        counted = [0] * len(model.model.layers)

        def count(*_: Any, place: int, counted: list[int] = counted) -> None:
            counted[place] += 1

        for place, layer in enumerate(model.model.layers):
            layer.mlp.register_forward_pre_hook(partial(count, place=place))
        found.append((step_without_update(learner, batch, monkeypatch), gradients_of(learner)))
        calls.append(counted)
    parts = calls[0][0]
    assert calls == [[parts] * 2, [2 * parts] * 2]
    assert found[0][0] == found[1][0]
    torch.testing.assert_close(found[0][1], found[1][1], atol=1e-7, rtol=1e-5)


def test_a_model_without_layers_to_checkpoint(learner_with: Callable[..., TorchLearner], sharp_model: Path) -> None:
    model = made(CTRLConfig(vocab_size=128, n_embd=32, dff=64, n_layer=1, n_head=1, initializer_range=0.2))
    with pytest.raises(ModelError, match=r"^CTRLLMHeadModel cannot do `model.gradient_checkpointing`"):
        learner_with(model, model={"gradient_checkpointing": True})


@pytest.mark.parametrize("rank", [0, 4])
def test_bfloat16_keeps_float32_weights_and_nearly_the_gradient(
    learner_of: Callable[..., TorchLearner], sharp_model: Path, rank: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = uneven_batch(seed=3)
    found = []
    for dtype in ("float32", "bfloat16"):
        learner = learner_of(model={"dtype": dtype, "lora_rank": rank})
        metrics = step_without_update(learner, batch, monkeypatch)
        found.append((metrics["loss"], gradients_of(learner)))
        assert all(parameter.dtype == torch.float32 for parameter in learner.model.parameters())
    (exact, gradient), (loss, other) = found
    assert other.dtype == torch.float32 and not torch.equal(gradient, other)
    assert loss == pytest.approx(exact, abs=0.02)
    assert torch.nn.functional.cosine_similarity(gradient, other, dim=0) > 0.99


def test_adamw_8bit_learns_in_8_bits_and_resumes_exactly(learner_of: Callable[..., TorchLearner]) -> None:
    options: dict[str, Any] = {"optimizer": {"kind": "adamw_8bit", "learning_rate": 3e-3, "warmup_steps": 0}}
    learner = learner_of(**options)
    batch = random_batch(seed=0)

    def gain() -> float:
        with torch.no_grad():
            rows = rows_of(learner.model, batch, 1.0)
        return sum(float(logprobs.mean() * a) for (logprobs, _), a in zip(rows, batch.advantages, strict=True))

    before = gain()
    for _ in range(3):
        learner.step(batch)
    assert gain() > before + 0.1
    kinds = set()
    for parameter, state in learner.optimizer.state.items():
        large = parameter.numel() >= 4096
        kinds.add(large)
        assert state["state1"].dtype == state["state2"].dtype == (torch.uint8 if large else torch.float32)
    assert kinds == {True, False}
    learner.save(3, {})
    again = learner_of(**options)
    again.resume()
    for seed in (1, 2):
        assert again.step(random_batch(seed)) == learner.step(random_batch(seed))
    for (name, tensor), (_, other) in zip(learner.weights(), again.weights(), strict=True):
        assert torch.equal(tensor, other), name


def test_adamw_8bit_without_its_package(
    learner_of: Callable[..., TorchLearner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", None)
    with pytest.raises(ConfigError, match=r"`optimizer.kind` is 'adamw_8bit'.*pip install 'verirl\[adamw8bit\]'\.$"):
        learner_of(optimizer={"kind": "adamw_8bit"})


def test_a_gradient_that_is_not_finite_stops_the_run(learner_of: Callable[..., TorchLearner]) -> None:
    learner = learner_of()
    before = weights_of(learner)
    batch = random_batch(seed=4)
    broken = replace(batch, advantages=torch.full_like(batch.advantages, torch.nan))
    with pytest.raises(RunError, match=r"not finite.*learning_rate"):
        learner.step(broken)
    assert all(torch.equal(tensor, before[name]) for name, tensor in learner.weights())  # no step was taken
    assert learner.updates == 0


# ------------------------------------------------------------------------------------------------------- checkpoints


def test_a_checkpoint_is_a_model(learner_of: Callable[..., TorchLearner]) -> None:
    learner = learner_of(optimizer={"learning_rate": 1e-2})
    learner.step(random_batch(seed=0))
    learner.save(1, {"position": 16})
    (folder,) = list_checkpoints(learner.checkpoints)
    assert folder.name == "step-000001"
    loaded: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    held = dict(loaded.named_parameters())
    for name, tensor in learner.weights():
        assert torch.equal(held[name], tensor), name
    again = load_tokenizer(learner.config.model.model_copy(update={"name": str(folder)}))
    assert again.chat_template == learner.tokenizer.chat_template


def test_only_the_newest_checkpoints_are_kept(learner_of: Callable[..., TorchLearner]) -> None:
    learner = learner_of(checkpoint={"keep": 2})
    for step in (8, 9, 10, 100):
        learner.save(step, {})
    assert [path.name for path in list_checkpoints(learner.checkpoints)] == ["step-000010", "step-000100"]
    assert sorted(path.name for path in learner.checkpoints.iterdir()) == ["step-000010", "step-000100"]


@pytest.mark.parametrize("where", ["model", "optimizer", "rename"])
def test_a_save_that_fails_leaves_nothing(
    learner_of: Callable[..., TorchLearner], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = learner_of()
    learner.save(1, {"position": 3})

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        match where:
            case "model":
                patch.setattr(learner.model, "save_pretrained", full)
            case "optimizer":
                patch.setattr(torch, "save", full)  # the model is written by then
            case "rename":
                patch.setattr(Path, "rename", full)
        with pytest.raises(RunError, match="No space left"):
            learner.save(2, {"position": 6})
    assert [path.name for path in learner.checkpoints.iterdir()] == ["step-000001"]
    assert learner.resume() == (1, {"position": 3})


def test_nothing_to_resume_from(learner_of: Callable[..., TorchLearner]) -> None:
    assert learner_of().resume() == (0, {})


def test_a_scratch_folder_of_a_kill_is_not_a_checkpoint(learner_of: Callable[..., TorchLearner]) -> None:
    learner = learner_of()
    learner.save(1, {})
    shutil.copytree(learner.checkpoints / "step-000001", learner.checkpoints / ".step-000002-abc")
    (learner.checkpoints / "step-last").mkdir()
    assert learner.resume()[0] == 1


def test_resume_is_exact_to_the_bit(learner_of: Callable[..., TorchLearner]) -> None:
    options: dict[str, Any] = {"optimizer": {"learning_rate": 1e-2, "warmup_steps": 3, "weight_decay": 0.1}}
    batches = [random_batch(seed=i) for i in range(4)]
    straight = learner_of("a", **options)
    metrics = [straight.step(batch) for batch in batches]

    first = learner_of("b", **options)
    for batch in batches[:2]:
        first.step(batch)
    first.save(2, {"position": 32})
    second = learner_of("b", **options)
    assert second.resume() == (2, {"position": 32})
    assert second.updates == 2
    assert [second.step(batch) for batch in batches[2:]] == metrics[2:]
    for (name, tensor), (_, other) in zip(straight.weights(), second.weights(), strict=True):
        assert torch.equal(tensor, other), name
    ours, theirs = straight.optimizer.state_dict(), second.optimizer.state_dict()
    assert ours["param_groups"] == theirs["param_groups"]
    for number, state in ours["state"].items():
        for key, value in state.items():
            assert torch.equal(value, theirs["state"][number][key])


def test_resume_of_another_model_is_refused(
    learner_of: Callable[..., TorchLearner], tiny_model: Path, sharp_model: Path
) -> None:
    learner = learner_of()
    learner.save(3, {})
    config: RunConfig = run_config(tiny_model)
    other = make_learner(config, learner.checkpoints)
    with pytest.raises(RunError) as caught:
        other.resume()
    assert str(tiny_model) in str(caught.value) and str(sharp_model) in str(caught.value)


def break_nothing_left(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def break_cut_weights(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def break_no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def break_cut_optimizer(folder: Path) -> None:
    file = folder / "optimizer.pt"
    file.write_bytes(file.read_bytes()[:100])


def break_no_optimizer(folder: Path) -> None:
    (folder / "optimizer.pt").unlink()


def break_cut_state(folder: Path) -> None:
    (folder / "trainer.json").write_text('{"step": 3, "upd')


def break_empty_state(folder: Path) -> None:
    (folder / "trainer.json").write_text("{}")


def break_list_state(folder: Path) -> None:
    (folder / "trainer.json").write_text(json.dumps([1]))


@pytest.mark.parametrize(
    "damage",
    [
        break_nothing_left,
        break_cut_weights,
        break_no_weights,
        break_cut_optimizer,
        break_no_optimizer,
        break_cut_state,
        break_empty_state,
        break_list_state,
    ],
)
def test_a_broken_checkpoint_is_named(learner_of: Callable[..., TorchLearner], damage: Callable[[Path], None]) -> None:
    learner = learner_of()
    learner.step(random_batch(seed=0))
    learner.save(3, {})
    folder = learner.checkpoints / "step-000003"
    damage(folder)
    with pytest.raises(RunError, match="delete that folder") as caught:
        learner_of().resume()
    assert str(folder) in str(caught.value)
