"""Warm start: supervised learning on a task's references or on a JSONL of messages, with the same learner.

Only the tokens of the last assistant message are learned; the prompt is masked. Examples are packed into rows of
`sft.sequence_tokens`, and no example sees another in its row.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verirl.config import RunConfig
from verirl.errors import ConfigError, DataError
from verirl.guards import Guard, heed
from verirl.interrupt import Interruption, WholeSteps
from verirl.learner import TorchLearner
from verirl.models import render
from verirl.packing import Branch, Tree
from verirl.runlog import RunLog
from verirl.train import UNINTERRUPTED, UNWATCHED, Watcher
from verirl.types import Problem

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def sft(
    config: RunConfig,
    examples: Sequence[Tree],
    learner: TorchLearner,
    log: RunLog,
    watcher: Watcher = UNWATCHED,
    interruption: Interruption = UNINTERRUPTED,
) -> None:
    """`config.steps` optimiser steps over the examples, reshuffled each epoch; resumes and stops like `train`."""
    done, place = learner.resume()
    log.drop_after(done)
    guard = Guard(log.metrics())
    rows = PackedRows(examples, config.sft.sequence_tokens, config.seed, place.get("rows", 0))
    steps = WholeSteps(learner, done, interruption)
    place = rows.state()
    with steps.saved_on_interruption(lambda: place):
        for step in range(done + 1, config.steps + 1):
            with steps.step(step):
                started = time.perf_counter()
                metrics = learner.sft_step(rows.next(config.sft.rows_per_step))
                metrics["seconds/learn"] = metrics["seconds/step"] = time.perf_counter() - started
                log.step(step, metrics)
                watcher.step(step, metrics)
                heed(guard.see(step, metrics), log, watcher)
                place = rows.state()
                due = config.checkpoint.every and step % config.checkpoint.every == 0
                if step == config.steps or (due and not guard.exploding):
                    steps.save(step, place)


class PackedRows:
    """Rows without end: in each epoch the examples in a new order, put one after the other into rows of equal size."""

    def __init__(self, examples: Sequence[Tree], width: int, seed: int, taken: int = 0) -> None:
        self.examples = examples
        self.width = width
        self.seed = seed
        self.taken = taken
        self._rows = self._all()
        for _ in range(taken):
            next(self._rows)

    def next(self, count: int) -> list[list[Tree]]:
        self.taken += count
        return [next(self._rows) for _ in range(count)]

    def state(self) -> dict[str, int]:
        return {"rows": self.taken}

    def _all(self) -> Iterator[list[Tree]]:
        row: list[Tree] = []
        free = self.width
        for epoch in range(1 << 62):
            order = list(self.examples)
            random.Random(f"{self.seed}/{epoch}").shuffle(order)
            for example in order:
                if example.size > free:
                    yield row
                    row, free = [], self.width
                row.append(example)
                free -= example.size


def reference_examples(task: Any, problems: Iterable[Problem], encode: Any) -> list[Tree]:
    """The task's references as chats. Raises ConfigError where the task has none."""
    if not hasattr(task, "reference"):
        raise ConfigError("this task has no references to learn from; give a file with sft.data = 'chats.jsonl'.")
    examples = []
    for problem in problems:
        reference = task.reference(problem)
        if reference is not None:
            examples.append(encode([*problem.prompt, {"role": "assistant", "content": reference}], problem.id))
    return examples


def chat_examples(path: Path, encode: Any) -> list[Tree]:
    """`{"messages": [...]}` a line, the last message the assistant's. Raises DataError naming file and line."""
    examples = []
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # splitlines() would cut at U+2028, which JSON allows
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read ({reason}); sft.data names a JSONL file of chats.") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            messages = json.loads(line)["messages"]
            valid = messages[-1]["role"] == "assistant" and all(
                isinstance(m["role"], str) and isinstance(m["content"], str) for m in messages
            )
        except (ValueError, LookupError, TypeError):
            raise DataError(f'{where}: expected {{"messages": [{{"role": ..., "content": ...}}, ...]}}.') from None
        if not valid or len(messages) < 2:
            raise DataError(f"{where}: the last of at least two messages must be the assistant's, all of them text.")
        examples.append(encode(messages, where))
    return examples


def make_example_encoder(tokenizer: PreTrainedTokenizerBase, width: int) -> Any:
    """A function from (messages, where they come from) to a Tree. Raises DataError for one longer than a row."""

    def encode(messages: Sequence[Any], where: str) -> Tree:
        prompt = render(tokenizer, messages[:-1], where, add_generation_prompt=True)
        # The response as the sampler would have to write it: its text, then the end token, whatever the template adds.
        text = tokenizer(messages[-1]["content"], add_special_tokens=False)["input_ids"]
        response = [*text, tokenizer.eos_token_id]
        if (size := len(prompt) + len(response)) > width:
            raise DataError(f"{where}: {size} tokens do not fit into sft.sequence_tokens = {width}; raise it.")
        return Tree(prompt=prompt, branches=[Branch(ids=response, mask=[1] * len(response))])

    return encode
