"""A start model made on the spot: supervised learning on stylised, noisy copies of a task's references.

It stands for a pretrained model that can do the task and writes as people do: phrases before the answer, some answers
wrong. It has seen the problems of every split, as a pretrained model may have; what is measured on held-out problems is
what the reward made of it, since no arm trains on those.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from verirl.config import RunConfig
from verirl.errors import ConfigError
from verirl.packing import Tree
from verirl.runlog import open_run
from verirl.session import Session
from verirl.sft import make_example_encoder, sft
from verirl.train import UNWATCHED, Watcher
from verirl.types import SPLITS, Problem

COPIES = 8  # demonstrations of each problem, each with its own style and its own chance of a wrong answer


def make_start_model(config: RunConfig, phrases: Sequence[str], folder: Path, watcher: Watcher = UNWATCHED) -> Path:
    """Trains `contrast.demonstrations` in `folder`, a run like any other, and returns the HF folder of the model; where an
    earlier call has done so already, it is just returned. Raises ConfigError for a task without references."""
    options = config.contrast.demonstrations
    made = folder / "checkpoints" / f"step-{options.steps:06d}"
    if made.is_dir():
        return made
    learning = {"learning_rate": options.learning_rate, "warmup_steps": 10}
    mine = config.model_copy(
        update={
            "steps": options.steps,
            "optimizer": config.optimizer.model_copy(update=learning),
            "checkpoint": config.checkpoint.model_copy(update={"every": 0}),
        }
    )
    session = Session(mine)
    encode = make_example_encoder(session.tokenizer, mine.sft.sequence_tokens)
    problems = [problem for split in SPLITS for problem in session.problems(split)]
    examples = demonstrations(session.task, problems, encode, phrases, options.wrong, options.phrases, config.seed)
    log = open_run(folder, mine, resume=(folder / "config.toml").exists())
    sft(mine, examples, session.learner(folder / "checkpoints"), log, watcher)
    return made


def demonstrations(
    task: Any,
    problems: Sequence[Problem],
    encode: Callable[[Sequence[Any], str], Tree],
    phrases: Sequence[str],
    wrong: float,
    phrases_mean: float,
    seed: int,
) -> list[Tree]:
    """COPIES of each problem: a Poisson number of phrases (in any order, repeats among them), then the problem's reference,
    or, with probability `wrong`, that of another one."""
    if not hasattr(task, "reference"):
        raise ConfigError("contrast.demonstrations: this task has no references to make a start model of.")
    pairs = [(problem, task.reference(problem)) for problem in problems]
    known = [(problem, reference) for problem, reference in pairs if reference is not None]
    draw = random.Random(seed)
    examples = []
    for problem, reference in known:
        for _ in range(COPIES):
            answer = draw.choice(known)[1] if draw.random() < wrong else reference
            style = [f"{draw.choice(phrases)} " for _ in range(_poisson(phrases_mean, draw))] if phrases else []
            text = "".join([*style, answer])
            examples.append(encode([*problem.prompt, {"role": "assistant", "content": text}], problem.id))
    return examples


def _poisson(mean: float, draw: random.Random) -> int:
    """Knuth's: how many uniform factors the product survives before it falls under exp(-mean)."""
    count, left = 0, draw.random()
    while left > math.exp(-mean):
        count, left = count + 1, left * draw.random()
    return count
