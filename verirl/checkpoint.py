"""Checkpoints: a model in HF format with the trainer's state beside it, whole or not at all.

    checkpoints/step-000012/    model and tokenizer (adapters merged), optimizer.pt, trainer.json, adapter/ (LoRA)
    checkpoints/best            a link to the one with the best held-out pass rate, where evaluations came along the way

A resumed run gives the numbers that an undisturbed one would have: weights, optimiser and place in the problem stream
are here, every sample's seed is derived from the run's seed, the step and the problem, and nothing else is random.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from verirl import lora
from verirl.errors import RunError, short
from verirl.models import atomic_folder
from verirl.runlog import list_checkpoints, scratch_of, write_atomically, writing

if TYPE_CHECKING:
    from verirl.learner import TorchLearner

BEST = "best"


def save(learner: TorchLearner, step: int, stream: Mapping[str, Any]) -> None:
    """Writes checkpoints/step-NNNNNN and drops all but the newest ones and the best.

    Raises RunError where it cannot be written (a full disk, say); those that were there before stay as they are.
    """
    folder, model = learner.checkpoints, learner.config.model
    state = {"step": step, "updates": learner.updates, "model": model.name, "stream": dict(stream)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_folder(folder / f"step-{step:06d}") as scratch:
            learner.model.save_pretrained(scratch, state_dict=dict(learner.weights()))
            learner.tokenizer.save_pretrained(scratch)
            if model.lora_rank:
                lora.save_adapter(learner.model, scratch / "adapter", model.lora_rank, model.lora_alpha, model.name)
            torch.save(learner.optimizer.state_dict(), scratch / "optimizer.pt")
            (scratch / "trainer.json").write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
    except Exception as error:  # safetensors and torch.save wrap what the system says in errors of their own
        raise RunError(
            f"checkpoint of step {step} cannot be written to {folder} ({short(error)}); those before it are kept: make "
            "room, or lower checkpoint.keep, then go on with --resume."
        ) from error
    _prune(folder, learner.config.checkpoint.keep)


def rate(learner: TorchLearner, step: int, score: float) -> None:
    """Notes the held-out pass rate of a step's checkpoint; the best one (the newest among equals) is kept."""
    folder = learner.checkpoints
    path = folder / f"step-{step:06d}"
    state = read_state(path)
    write_atomically(path / "trainer.json", json.dumps({**state, "score": score}, indent=2) + "\n")
    _link_best(folder)
    _prune(folder, learner.config.checkpoint.keep)


def resume(learner: TorchLearner) -> tuple[int, Mapping[str, Any]]:
    """Loads the newest checkpoint: its step and the problem stream's state; (0, {}) where there is none.

    Raises RunError where it is another model's, or cannot be loaded.
    """
    folder = learner.checkpoints
    found = list_checkpoints(folder)
    if folder.is_dir():
        for left in folder.glob(".step-*"):  # what a kill left of one that was being written, or removed
            shutil.rmtree(left, ignore_errors=True)
    if not found:
        return 0, {}
    newest = found[-1]
    state = read_state(newest)
    if state["model"] != learner.config.model.name:
        raise RunError(
            f"{newest} was trained from model {state['model']!r}, this run is of {learner.config.model.name!r}; "
            "resume with the config that the run was started with."
        )
    try:
        if learner.config.model.lora_rank:
            lora.load_adapter(learner.model, newest / "adapter")
        else:
            _load_weights(learner.model, newest)
        learner.optimizer.load_state_dict(
            torch.load(newest / "optimizer.pt", map_location=learner.device, weights_only=True)
        )
    except Exception as error:
        raise RunError(
            f"{newest} cannot be loaded ({short(error)}); delete that folder to go on from the checkpoint before it."
        ) from error
    learner.updates = state["updates"]
    _link_best(folder)  # the best may have been deleted
    return state["step"], state["stream"]


def read_state(folder: Path) -> dict[str, Any]:
    """trainer.json of a checkpoint. Raises RunError where it is missing or broken."""
    try:
        state: dict[str, Any] = json.loads((folder / "trainer.json").read_text(encoding="utf-8"))
        if not isinstance(state, dict) or not {"step", "updates", "model", "stream"} <= state.keys():
            raise ValueError("trainer.json lacks a field")
        return state
    except (OSError, ValueError) as error:
        raise RunError(
            f"{folder} is no whole checkpoint ({error}); delete that folder to go on from the checkpoint before it."
        ) from None


@torch.no_grad()
def _load_weights(model: torch.nn.Module, folder: Path) -> None:
    from safetensors.torch import load_file

    tensors: dict[str, torch.Tensor] = {}
    for file in sorted(folder.glob("*.safetensors")):
        tensors.update(load_file(file))
    for name, parameter in model.named_parameters():
        parameter.copy_(tensors[name])


def _prune(folder: Path, keep: int) -> None:
    """Whole or not at all, too: under its own name there is never a part of a checkpoint."""
    best = _best(folder)
    for old in list_checkpoints(folder)[:-keep]:
        if old != best:
            going = old.with_name(f".{old.name}-old")
            with writing(folder):
                old.rename(going)
                shutil.rmtree(going)


def _link_best(folder: Path) -> None:
    best, link = _best(folder), folder / BEST
    with writing(link):
        if best is None:
            link.unlink(missing_ok=True)
            return
        scratch = scratch_of(link)
        scratch.unlink(missing_ok=True)
        scratch.symlink_to(best.name)
        os.replace(scratch, link)


def _best(folder: Path) -> Path | None:
    """None where none has been rated."""
    rated = [(read_state(path).get("score"), path) for path in list_checkpoints(folder)]
    scores = [(score, path) for score, path in rated if score is not None]
    return max(scores, key=lambda item: (item[0], item[1].name))[1] if scores else None
