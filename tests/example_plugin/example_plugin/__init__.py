"""Spell a word backwards: a task with one exact answer, in the place where the prompt asks for it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from pydantic import BaseModel

from verirl.types import Case, Problem, Split, Status, Toolbox, Verdict

SIZES = {"train": 1000, "validation": 100, "test": 200}


class ExamplePlugin:
    """Spell a word backwards."""

    class Config(BaseModel, extra="forbid"):
        letters: int = 6
        """Letters in a word."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def problems(self, split: Split) -> Sequence[Problem]:
        """The same ones for the same config, always: they are drawn with a seed, and cut into splits after that."""
        rng = random.Random(0)
        words: dict[str, None] = {}  # each once; a set has no order
        while len(words) < sum(SIZES.values()):
            words["".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(self.config.letters))] = None
        start = {"train": 0, "validation": SIZES["train"], "test": SIZES["train"] + SIZES["validation"]}[split]
        return [self.problem(word, split) for word in list(words)[start : start + SIZES[split]]]

    def problem(self, word: str, split: Split) -> Problem:
        prompt = [{"role": "user", "content": f"Spell {word} backwards. End with a line `Answer: ...`."}]
        return Problem(id=f"backwards-{word}", prompt=prompt, data={"answer": word[::-1]}, split=split)

    def reference(self, problem: Problem) -> str:
        """A response that earns the full reward: checked for every problem, and what a warm start learns from."""
        return f"Answer: {problem.data['answer']}"

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        lines = re.findall(r"^Answer: *(\S{1,100})$", response.strip(), re.MULTILINE)
        if len(lines) != 1:  # two answers are none: the policy must not be paid for listing them
            return Verdict(status=Status.NO_ANSWER, reward=0.0, reason=f"{len(lines)} lines begin with `Answer:`")
        right = lines[0] == problem.data["answer"]
        return Verdict(status=Status.CORRECT if right else Status.INCORRECT, reward=float(right), answer=lines[0])

    def cases(self) -> Iterator[Case]:
        """Responses whose status is known; `verirl task check` asks for them."""
        problem = self.problem("lamp", "test")
        for response, expected in (
            ("The last letter is p.\nAnswer: pmal", Status.CORRECT),
            ("Answer: lamp", Status.INCORRECT),
            ("pmal", Status.NO_ANSWER),
            ("Answer: lamp\nAnswer: pmal", Status.NO_ANSWER),
        ):
            yield Case(problem=problem, response=response, expected=expected)
