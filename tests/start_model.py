"""A tiny model that stands for a pretrained one, for GRPO to improve.

It has seen every sum, but half of the time it goes on after the answer ("7 or 12"), so that the last number in its
response, which is what the task reads, is wrong. GRPO on the training split must teach it to stop, and that must carry
over to sums that GRPO never saw.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from builders import make_learner, run_config
from verirl.runlog import RunLog
from verirl.session import Session
from verirl.sft import make_example_encoder, sft
from verirl.tiny import make_tiny_model
from verirl.train import UNWATCHED

WARM_STEPS = 300
TASK: dict[str, Any] = {"name": "math", "config": {"levels": [1], "extraction": "number", "instruction": ""}}


def make_start_model(folder: Path) -> Path:
    """A tiny Llama, tuned by `verirl.sft` on sums with sloppy answers."""
    raw = make_tiny_model(folder / "raw", hidden=96)
    config = run_config(
        raw,
        steps=WARM_STEPS,
        task=TASK,
        optimizer={"learning_rate": 3e-3, "warmup_steps": 10, "micro_batch_tokens": 8192},
        sft={"sequence_tokens": 256, "rows_per_step": 8},
        checkpoint={"every": 0},
    )
    session = Session(config)
    problems = [problem for split in ("train", "validation", "test") for problem in session.problems(split)]
    answers = [session.task.reference(problem) for problem in problems]
    draw = random.Random(0)
    encode = make_example_encoder(session.tokenizer, config.sft.sequence_tokens)
    examples = []
    for problem, answer in zip(problems, answers, strict=True):
        for _ in range(8):
            text = answer if draw.random() < 0.5 else f"{answer} or {draw.choice(answers)}"
            examples.append(encode([*problem.prompt, {"role": "assistant", "content": text}], problem.id))
    learner = make_learner(config, folder / "checkpoints")
    sft(config, examples, learner, RunLog(folder), UNWATCHED)
    return folder / "checkpoints" / f"step-{WARM_STEPS:06d}"
