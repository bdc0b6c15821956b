"""Useful floating-point work of the learner a second, against plain float32 matrix products on the same machine.

Useful is what no implementation can do without, each prompt once a group; forward and backward together are three times
the forward pass, at 2 operations a multiply-add:

    6 x N x tokens      N: weights of the linear layers but the head; tokens: prompts once, and all responses
  + 6 x H x V x K       the head, hidden size H x vocabulary V, at the K tokens that the policy wrote
  + 12 x L x A x pairs  attention: L layers, A = heads x head size; pairs of a token and one that it may look at

Not counted, though it takes time: normalisations, activations, softmax, the optimiser, the embedding's lookup, padding,
masked pairs, anything computed twice. The machine's limit is the best of several matrix products of the sizes that the
model has (and a large square one), measured before and after each of the learner's steps; a step is held against the
mean of the two, and the figures are medians. The best product is a short one, so other work on the machine slows the
learner and hardly the limit: a ratio from a busy machine is too low.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from _rows import Row, print_rows

from verirl.batch import make_batch
from verirl.config import load_config
from verirl.learner import TorchLearner
from verirl.session import Session
from verirl.types import Batch, Group, Problem, Status, Trajectory, Verdict

SIZE = 8
# Tokens of a prompt, of a response, groups, steps that count, target.
SHAPES = [(44, 14, 16, 3, 0.6), (300, 14, 4, 1, None), (45, 64, 4, 1, None)]
PRODUCT_SECONDS = 0.3  # for each size


def make_groups_batch(prompt: int, response: int, groups: int, vocabulary: int) -> Batch:
    """Random tokens, an advantage in every row."""
    draw = random.Random(0)
    made, advantages = [], []
    for number in range(groups):
        prompt_ids = [draw.randrange(vocabulary) for _ in range(prompt)]
        trajectories = [
            Trajectory(
                text="",
                prompt_ids=prompt_ids,
                token_ids=[draw.randrange(vocabulary) for _ in range(response)],
                policy_mask=[1] * response,
                logprobs=[-1.0] * response,
            )
            for _ in range(SIZE)
        ]
        problem = Problem(id=str(number), prompt=[], data={}, split="train")
        made.append(Group(problem=problem, trajectories=trajectories, verdicts=[Verdict(status=Status.SCORED)] * SIZE))
        advantages.append([1.0, -1.0] * (SIZE // 2))
    batch = make_batch(made, advantages)
    assert batch is not None
    return batch


def useful_work(model: Any, prompt: int, response: int, groups: int) -> float:
    """Floating-point operations of one step, by the formula above."""
    config, head = model.config, model.get_output_embeddings()
    linear = sum(
        module.weight.numel()
        for module in model.modules()
        if isinstance(module, torch.nn.Linear) and module is not head
    )
    tokens = groups * (prompt + SIZE * response)
    written = groups * SIZE * response
    pairs = groups * (prompt * (prompt + 1) // 2 + SIZE * (response * prompt + response * (response + 1) // 2))
    heads = config.num_attention_heads
    width = heads * (getattr(config, "head_dim", None) or config.hidden_size // heads)
    return float(
        6 * linear * tokens + 6 * head.weight.numel() * written + 12 * config.num_hidden_layers * width * pairs
    )


def product_speed(sizes: Sequence[tuple[int, int, int]]) -> float:
    """Operations a second of the fastest of the products [m, k] x [k, n]."""
    best = 0.0
    for m, k, n in sizes:
        left, right, out = torch.randn(m, k), torch.randn(k, n), torch.empty(m, n)
        torch.mm(left, right, out=out)
        until = time.perf_counter() + PRODUCT_SECONDS
        while True:
            started = time.perf_counter()
            torch.mm(left, right, out=out)
            now = time.perf_counter()
            best = max(best, 2 * m * k * n / (now - started))
            if now > until:
                break
    return best


def measure(learner: TorchLearner, batch: Batch, work: float, steps: int) -> tuple[float, float, float]:
    """Medians over the steps: learner's operations a second, the machine's, and their ratio."""
    config = learner.config.optimizer
    hidden, inner = learner.model.config.hidden_size, learner.model.config.intermediate_size
    rows = config.micro_batch_tokens
    sizes = [(rows, hidden, hidden), (rows, hidden, inner), (rows, inner, hidden), (hidden, rows, inner), (2048,) * 3]
    learner.step(batch)  # warms up
    found = []
    limit = product_speed(sizes)
    for _ in range(steps):
        started = time.perf_counter()
        learner.step(batch)
        speed = work / (time.perf_counter() - started)
        after = product_speed(sizes)
        found.append((speed, (limit + after) / 2, 2 * speed / (limit + after)))
        limit = after
    speeds, limits, ratios = zip(*found, strict=True)
    return statistics.median(speeds), statistics.median(limits), statistics.median(ratios)


def main() -> None:
    session = Session(load_config(Path(__file__).parent.parent / "configs" / "demo.toml", ["--model.dtype", "float32"]))
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        learner = session.learner(Path(scratch))
        if learner.device.type != "cpu":
            raise SystemExit("this benchmark is for a CPU: on a GPU the learner multiplies in bfloat16")
        for prompt, response, groups, steps, target in SHAPES:
            batch = make_groups_batch(prompt, response, groups, learner.model.config.vocab_size)
            work = useful_work(learner.model, prompt, response, groups)
            speed, limit, ratio = measure(learner, batch, work, steps)
            shape = f"{prompt} + {response} tokens, {groups} x {SIZE} samples"
            rows.append(Row(f"learner, GFLOP/s, {shape}, vs float32 product", speed / 1e9, limit / 1e9, ratio, target))
            rows.append(Row(f"machine's limit: best float32 product beside it, GFLOP/s ({shape})", limit / 1e9))
            rows.append(Row(f"learner, seconds a step, vs the work at the limit ({shape})", work / speed, work / limit))
    print_rows("the learner alone: useful floating-point work", rows)


if __name__ == "__main__":
    main()
