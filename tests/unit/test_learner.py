"""The learner: one step against an obvious implementation, and checkpoints that survive anything."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from builders import make_learner, plain_logprobs, random_batch, run_config, weights_of
from transformers import AutoModelForCausalLM, GraniteConfig, GraniteForCausalLM, LlamaForCausalLM

from verirl.config import RunConfig
from verirl.errors import RunError
from verirl.learner import TorchLearner
from verirl.models import load_model, load_tokenizer
from verirl.packing import batch_trees, micro_batches
from verirl.runlog import list_checkpoints
from verirl.types import Batch


def obvious_step(model: Any, batch: Batch, temperature: float, low: float, high: float) -> dict[str, float]:
    """Every row padded, one forward pass over [N, T], all logits, loops for the loss. Leaves gradients on the model."""
    rows, width = batch.ids.shape
    attention = (torch.arange(width)[None] < batch.lengths[:, None]).long()
    logits = model(input_ids=batch.ids, attention_mask=attention, use_cache=False).logits / temperature
    logprobs = logits[:, :-1].log_softmax(-1)
    loss = torch.zeros(())
    clipped = entropy = drift = tokens = drift_max = 0.0
    for row in range(rows):
        terms = []
        for column in range(1, width):
            if not batch.mask[row, column]:
                continue
            distribution = logprobs[row, column - 1]
            chosen = distribution[batch.ids[row, column]]
            ratio = (chosen - batch.old_logprobs[row, column]).exp()
            plain = ratio * batch.advantages[row]
            bounded = ratio.clamp(1 - low, 1 + high) * batch.advantages[row]
            terms.append(torch.minimum(plain, bounded))
            clipped += float(bounded.detach() < plain.detach())
            entropy -= float((distribution.exp() * distribution).sum().detach())
            off = abs(float(chosen.detach() - batch.sampler_logprobs[row, column]))
            drift, drift_max, tokens = drift + off, max(drift_max, off), tokens + 1
        loss = loss - torch.stack(terms).mean() / batch.samples
    loss.backward()
    return {
        "loss": float(loss.detach()),
        "clip_fraction": clipped / tokens,
        "entropy": entropy / tokens,
        "drift_mean": drift / tokens,
        "drift_max": drift_max,
        "tokens_trained": tokens,
    }


@pytest.fixture
def learner_of(sharp_model: Path, tmp_path: Path) -> Callable[..., TorchLearner]:
    def make(folder: str = "checkpoints", **sections: Any) -> TorchLearner:
        return make_learner(run_config(sharp_model, **sections), tmp_path / folder)

    return make


def gradients(learner: TorchLearner, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, float], Any]:
    monkeypatch.setattr(learner, "_update", dict)  # the step without its last line: gradients stay
    metrics = learner.step(batch)
    return metrics, {name: parameter.grad for name, parameter in learner.model.named_parameters()}


@pytest.mark.parametrize("temperature", [1.0, 0.8])
def test_loss_and_gradient_equal_the_obvious_ones(
    learner_of: Callable[..., TorchLearner], temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = learner_of(
        loss={"clip_low": 0.2, "clip_high": 0.4},
        rollout={"temperature": temperature},
        optimizer={"micro_batch_tokens": 48},
    )
    batch = random_batch(seed=11, groups=4, size=4)
    batch = replace(batch, samples=batch.samples + 3)  # three samples had no advantage
    metrics, found = gradients(learner, batch, monkeypatch)

    model = load_model(learner.config.model, torch.float32)
    expected = obvious_step(model, batch, temperature, 0.2, 0.4)
    assert 0 < expected["clip_fraction"] < 1  # the batch has both kinds of tokens
    assert metrics == pytest.approx(expected, rel=1e-4, abs=1e-6)
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0
        torch.testing.assert_close(found[name], parameter.grad, atol=1e-5, rtol=1e-4, msg=lambda m, n=name: f"{n}: {m}")


def test_micro_batches_change_nothing(learner_of: Callable[..., TorchLearner]) -> None:
    batch = random_batch(seed=5, groups=5, size=4)
    results = []
    for tokens in (16, 64, 4096):
        learner = learner_of(optimizer={"micro_batch_tokens": tokens, "learning_rate": 1e-3, "warmup_steps": 0})
        metrics = learner.step(batch)
        results.append((metrics, weights_of(learner)))
    for metrics, weights in results[:2]:
        assert metrics == pytest.approx(results[2][0], rel=1e-4, abs=1e-6)
        for name, tensor in weights.items():
            # Adam's first step is lr * g / (|g| + 1e-8): where g is rounding noise, so is its sign. Those few aside.
            close = (tensor - results[2][1][name]).abs() <= 1e-6
            assert close.float().mean() > 0.999, name


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


class Scaled(LlamaForCausalLM):  # type: ignore[misc]
    """Logits that are not just the head's output: capped as in Gemma 2."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        output = super().forward(*args, **kwargs)
        return SimpleNamespace(logits=2.0 * (output.logits / 2.0).tanh())


def test_a_head_that_is_not_plain_takes_the_other_path(sharp_model: Path, tmp_path: Path) -> None:
    config = run_config(sharp_model)
    capped: Any = Scaled.from_pretrained(sharp_model)
    scaled: Any = GraniteForCausalLM(
        GraniteConfig(
            vocab_size=128,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=1,
            num_key_value_heads=1,
            logits_scaling=8.0,
            initializer_range=0.2,
        )
    )
    plain: Any = load_model(config.model, torch.float32)
    batch = random_batch(seed=9, groups=2, size=3)
    for model, is_plain in ((plain, True), (capped, False), (scaled, False)):
        learner = TorchLearner(model, load_tokenizer(config.model), config, tmp_path)
        assert learner._head_is_plain is is_plain
        for packed in micro_batches(list(batch_trees(batch, 1000)), 1000):
            with torch.no_grad():
                found = learner.token_logprobs(packed, 0.9)[0]
            for sample in set(packed.samples.tolist()):
                start, end = int(batch.prompt_lengths[sample]), int(batch.lengths[sample])
                ids = batch.ids[sample].tolist()
                learned = batch.mask[sample, start:end] == 1
                expected = plain_logprobs(model, ids[:start], ids[start:end], 0.9)[learned]
                torch.testing.assert_close(found[packed.samples == sample], expected, atol=1e-5, rtol=0)


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
        with pytest.raises(OSError, match="No space left"):
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
