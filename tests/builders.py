"""What the tests build again and again: configs, groups, batches, learners."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from verirl.batch import make_batch
from verirl.config import RunConfig
from verirl.learner import TorchLearner
from verirl.models import load_model, load_tokenizer
from verirl.types import Batch, Group, Problem, Status, Trajectory, Verdict


def run_config(folder: Path, **sections: Any) -> RunConfig:
    """A config on a tiny model; every section may be given in part."""
    model = {"name": str(folder), **sections.pop("model", {})}
    return RunConfig.model_validate({"model": model, "sampler": {"kind": "hf"}, "steps": 4, "threads": 1, **sections})


def problem(name: str = "p", answer: str = "7", text: str = "3+4") -> Problem:
    return Problem(id=name, prompt=[{"role": "user", "content": text}], data={"answer": answer}, split="train")


def trajectory(
    prompt: Sequence[int],
    tokens: Sequence[int],
    logprobs: Sequence[float] | None = None,
    mask: Sequence[int] | None = None,
    **fields: Any,
) -> Trajectory:
    return Trajectory(
        text="",
        prompt_ids=prompt,
        token_ids=tokens,
        policy_mask=[1] * len(tokens) if mask is None else mask,
        logprobs=[-1.0] * len(tokens) if logprobs is None else logprobs,
        **fields,
    )


def group(trajectories: Sequence[Trajectory], rewards: Sequence[float | None], name: str = "p") -> Group:
    return Group(problem=problem(name), trajectories=trajectories, verdicts=[verdict(reward) for reward in rewards])


def verdict(reward: float | None) -> Verdict:
    if reward is None:
        return Verdict(status=Status.INFRASTRUCTURE_ERROR)
    return Verdict(status=Status.CORRECT if reward == 1.0 else Status.INCORRECT, reward=reward)


def random_batch(seed: int, groups: int = 3, size: int = 4, vocabulary: int = 90, longest: int = 9) -> Batch:
    """Groups of uneven length, some tokens written by an environment, advantages of both signs."""
    draw = random.Random(seed)

    def tokens(low: int, high: int) -> list[int]:
        return [draw.randrange(3, vocabulary) for _ in range(draw.randint(low, high))]

    made: list[Group] = []
    advantages: list[list[float]] = []
    for _ in range(groups):
        prompt = tokens(1, 8)
        samples = []
        for _ in range(size):
            response = tokens(1, longest)
            mask = [1] + [int(draw.random() < 0.8) for _ in response[1:]]
            samples.append(trajectory(prompt, response, [-4.5 + draw.random() for _ in response], mask))
        made.append(group(samples, [1.0] * size))
        advantages.append([draw.choice([-1.5, -0.5, 0.5, 1.0]) for _ in range(size)])
    batch = make_batch(made, advantages)
    assert batch is not None
    return batch


def make_learner(config: RunConfig, checkpoints: Path) -> TorchLearner:
    torch.set_num_threads(1)
    return TorchLearner(load_model(config.model, torch.float32), load_tokenizer(config.model), config, checkpoints)


def weights_of(learner: TorchLearner) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in learner.weights()}


def plain_logits(model: Any, ids: Sequence[int]) -> torch.Tensor:
    """[T, vocabulary] of one sequence on its own: no packing, no padding, no cache."""
    with torch.no_grad():
        logits: torch.Tensor = model(input_ids=torch.tensor([list(ids)]), use_cache=False).logits[0].float()
    return logits


def plain_logprobs(model: Any, prompt: Sequence[int], tokens: Sequence[int], temperature: float = 1.0) -> torch.Tensor:
    """[T] of a response after its prompt."""
    logprobs = (plain_logits(model, [*prompt, *tokens]) / temperature).log_softmax(-1)
    at = torch.arange(len(prompt) - 1, len(prompt) + len(tokens) - 1)
    return logprobs[at, torch.tensor(list(tokens))]
