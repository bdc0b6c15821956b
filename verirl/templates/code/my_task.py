"""Write a function: a task whose answer is code, which is run in the sandbox on inputs that the policy does not see."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from pydantic import BaseModel

from verirl.types import SPLITS, Case, Problem, Split, Status, Toolbox, Verdict
from verirl_sandbox import Limits, Outcome

INPUTS = [0, 1, 2, 3, 7, 10, 99, -1, -8, 1000]


class MyTask:
    """Write a Python function f(n) from its description."""

    class Config(BaseModel, extra="forbid"):
        largest: int = 30
        """Largest constant in a description."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def problems(self, split: Split) -> Sequence[Problem]:
        """The same ones for the same config, always. Nine tenths are trained on."""
        pairs = [(a, b) for a in range(2, self.config.largest + 1) for b in range(1, self.config.largest + 1)]
        random.Random(0).shuffle(pairs)
        place = SPLITS.index(split)
        return [self.problem(a, b, split) for i, (a, b) in enumerate(pairs) if max(0, i % 20 - 17) == place]

    def problem(self, a: int, b: int, split: Split) -> Problem:
        text = f"Write a Python function f(n) that multiplies n by {a} and adds {b}. Give it in a ```python block."
        prompt = [{"role": "user", "content": text}]
        return Problem(id=f"linear-{a}-{b}", prompt=prompt, data={"a": a, "b": b}, split=split)

    def reference(self, problem: Problem) -> str:
        """A response that earns the full reward: checked for every problem, and what a warm start learns from."""
        return f"```python\ndef f(n):\n    return n * {problem.data['a']} + {problem.data['b']}\n```"

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        blocks = re.findall(r"```python\n(.*?)```", response, re.DOTALL)
        if not blocks:
            return Verdict(status=Status.NO_ANSWER, reward=0.0, reason="there is no ```python block")
        # What is right never enters the sandbox: inputs go in, answers come out as plain data.
        result = tools.sandbox.call(blocks[-1], "f", [[n] for n in INPUTS], Limits(cpu_seconds=1.0))
        due = [n * problem.data["a"] + problem.data["b"] for n in INPUTS]
        given = [call.value for call in result.calls if type(call.value) is int]
        right = result.outcome is Outcome.OK and given == due
        return Verdict(
            status=Status.CORRECT if right else Status.INCORRECT,
            reward=float(right),
            answer=blocks[-1],
            reason=result.detail or str(result.outcome),
        )

    def cases(self) -> Iterator[Case]:
        """Responses whose status is known; `verirl task check` asks for them."""
        problem = self.problem(3, 4, "test")
        for code, expected in (
            ("def f(n):\n    return 4 + n + n + n", Status.CORRECT),
            ("def f(n):\n    return 3 * n", Status.INCORRECT),
            ("def f(n):\n    while True: pass", Status.INCORRECT),
            ("import os\nos._exit(0)", Status.INCORRECT),
        ):
            yield Case(problem=problem, response=f"```python\n{code}\n```", expected=expected)
        yield Case(problem=problem, response="f(n) = 3n + 4", expected=Status.NO_ANSWER)
