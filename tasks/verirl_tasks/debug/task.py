"""Debug a function: the policy gives a mended one, the environment runs it and answers with the first case that fails.

The example of a task of several turns: `respond` answers or ends the episode, `verify_episode` judges it when it is over.
What the environment shows are a few cases; the verdict asks for many others, so that a table of what was shown earns nothing.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, NonNegativeInt

from verirl.types import SPLITS, Case, Message, Problem, Split, Status, Toolbox, Verdict
from verirl_sandbox import Limits, Outcome
from verirl_tasks.debug.functions import FUNCTIONS, Args, Function

SHOWN = 6  # inputs that the environment may tell of
HIDDEN = 24  # further ones that the verdict asks for
LIMITS = Limits(cpu_seconds=1.0)
_BLOCK = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)```", re.DOTALL)


class DebugConfig(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    train_size: NonNegativeInt = 1000
    """Problems to train on."""
    validation_size: NonNegativeInt = 100
    test_size: NonNegativeInt = 200
    seed: int = 0
    """Which problems they are. A problem is in the same split whatever the seed."""


class DebugTask:
    """Mend a small Python function; after a wrong try the environment shows a case that fails."""

    Config = DebugConfig

    def __init__(self, config: DebugConfig) -> None:
        self.config = config

    def problems(self, split: Split) -> Sequence[Problem]:
        size = {
            "train": self.config.train_size,
            "validation": self.config.validation_size,
            "test": self.config.test_size,
        }
        every = [problem for problem in _every_problem() if problem.split == split]
        random.Random(f"{self.config.seed}/{split}").shuffle(every)
        return every[: size[split]]

    def reference(self, problem: Problem) -> str | None:
        function, a, b = _parts(problem)
        return f"```python\n{_filled(function.source, a, b)}```"

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        """1 for a function that gives what it should on all inputs, those included that nobody was shown."""
        code = _code(response)
        if code is None:
            return Verdict(status=Status.NO_ANSWER, reward=0.0, reason="there is no ```python block")
        wrong = _first_wrong(problem, code, _inputs(problem), tools)
        if wrong is None:
            return Verdict(status=Status.CORRECT, reward=1.0, answer=code)
        return Verdict(status=Status.INCORRECT, reward=0.0, answer=code, reason=wrong)

    def respond(self, problem: Problem, transcript: Sequence[Message], tools: Toolbox) -> str | None:
        """What is wrong with the last try; None where nothing that the environment may show is."""
        code = _code(transcript[-1]["content"])
        if code is None:
            return "Give the whole function in a block that begins with ```python."
        wrong = _first_wrong(problem, code, _inputs(problem)[:SHOWN], tools)
        return None if wrong is None else f"{wrong} Give the whole function again."

    def verify_episode(self, problem: Problem, transcript: Sequence[Message], tools: Toolbox) -> Verdict:
        """Of the last try alone; `parts` has the number of turns."""
        verdict = self.verify(problem, transcript[-1]["content"], tools)
        turns = sum(message["role"] == "assistant" for message in transcript)
        return replace(verdict, parts={"turns": float(turns)})

    def cases(self) -> Iterator[Case]:
        """The faulty function itself, given back, and one that returns what it is given."""
        for problem in _every_problem()[:: len(FUNCTIONS) + 3][:40]:
            code = str(problem.data["code"])
            name = str(problem.data["function"])
            yield Case(problem=problem, response=f"```python\n{code}```", expected=Status.INCORRECT, source="verirl")
            echo = f"```python\ndef {name}(x):\n    return x\n```"
            yield Case(problem=problem, response=echo, expected=Status.INCORRECT, source="verirl")
            yield Case(problem=problem, response=code, expected=Status.NO_ANSWER, source="verirl")


def _every_problem() -> list[Problem]:
    return [
        _problem(function, fault, a, b)
        for function in FUNCTIONS
        for fault in range(len(function.faults))
        for a in (range(2, 14) if "{b}" in function.source else range(2, 42))
        for b in ((15, 18, 21, 25, 30, 40) if "{b}" in function.source else (0,))
    ]


def _problem(function: Function, fault: int, a: int, b: int) -> Problem:
    correct, wrong = function.faults[fault]
    code = _filled(function.source.replace(correct, wrong), a, b)
    id = f"{function.name}-{fault}-{a}-{b}"
    text = (
        f"This function should be given {_what(function)} and {_filled(function.does, a, b)}. It does not. "
        f"Mend it, and give the whole function in a ```python block.\n\n```python\n{code}```"
    )
    # The constants decide the split, so that no function with these constants is in two of them.
    split = SPLITS[(0, 0, 0, 0, 0, 0, 0, 1, 2, 2)[random.Random(f"{function.name}/{a}/{b}").randrange(10)]]
    data = {"function": function.name, "a": a, "b": b, "code": code}
    return Problem(id=id, prompt=[{"role": "user", "content": text}], data=data, split=split, tags=(function.name,))


def _what(function: Function) -> str:
    argument = function.source[function.source.index("(") + 1 : function.source.index(")")]
    return {"numbers": "a list of numbers", "text": "a text"}.get(argument, f"a number {argument}")


def _filled(text: str, a: int, b: int) -> str:
    return text.replace("{a}", str(a)).replace("{b}", str(b))


def _parts(problem: Problem) -> tuple[Function, int, int]:
    function = next(function for function in FUNCTIONS if function.name == problem.data["function"])
    return function, int(problem.data["a"]), int(problem.data["b"])


def _inputs(problem: Problem) -> list[Args]:
    """Those that may be shown come first; the same for a problem, always."""
    function, a, b = _parts(problem)
    rng = random.Random(problem.id)
    edges = function.edges(a, b)
    rng.shuffle(edges)
    return (edges + [function.draw(rng) for _ in range(SHOWN + HIDDEN)])[: SHOWN + HIDDEN]


def _code(response: str) -> str | None:
    blocks = _BLOCK.findall(response)
    return str(blocks[-1]) if blocks else None


def _first_wrong(problem: Problem, code: str, inputs: Sequence[Args], tools: Toolbox) -> str | None:
    """A sentence on the first input for which `code` does not give what it should; None where there is none."""
    function, a, b = _parts(problem)
    result = tools.sandbox.call(code, function.name, inputs, LIMITS)
    for args, call in zip(inputs, result.calls, strict=False):
        due: Any = function.gives(*args, a, b)
        shown = ", ".join(map(repr, args))
        if call.exception is not None:
            return f"{function.name}({shown}) raises {call.exception}; it should give {due!r}."
        if call.value != due or type(call.value) is not type(due):
            return f"{function.name}({shown}) gives {call.value!r:.100}; it should give {due!r}."
    if result.outcome is not Outcome.OK:
        return f"The function could not be run: {result.detail or result.outcome}."
    return None
