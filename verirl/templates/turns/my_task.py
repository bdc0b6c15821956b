"""Guess a number: a task of several turns, in which the environment answers every guess but the right one."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from pydantic import BaseModel

from verirl.types import SPLITS, Case, Message, Problem, Split, Status, Toolbox, Verdict


class MyTask:
    """Guess a number; the environment says whether it is higher or lower."""

    class Config(BaseModel, extra="forbid"):
        rooms: int = 500
        """Problems in all; each has a name and a number of its own."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def problems(self, split: Split) -> Sequence[Problem]:
        """The same ones for the same config, always. Eight tenths are trained on."""
        place = SPLITS.index(split)
        return [self.problem(room, split) for room in range(self.config.rooms) if max(0, room % 10 - 7) == place]

    def problem(self, room: int, split: Split) -> Problem:
        low = random.Random(f"low {room}").randrange(10, 900)
        number = low + random.Random(f"number {room}").randrange(1, 40)
        text = f"Room {room} holds a number above {low} and below {low + 40}. Which? Answer with the number alone."
        prompt = [{"role": "user", "content": text}]
        return Problem(id=f"room-{room}", prompt=prompt, data={"number": number}, split=split)

    def reference(self, problem: Problem) -> str:
        """A response that earns the full reward: checked for every problem."""
        return str(problem.data["number"])

    def respond(self, problem: Problem, transcript: Sequence[Message], tools: Toolbox) -> str | None:
        """What the environment says to the last guess; None ends the episode. `rollout.max_turns` ends it, too."""
        guess = _number(transcript[-1]["content"])
        if guess is None:
            return "Answer with a number alone."
        if guess == problem.data["number"]:
            return None
        return "Higher." if guess < problem.data["number"] else "Lower."

    def verify_episode(self, problem: Problem, transcript: Sequence[Message], tools: Toolbox) -> Verdict:
        """The last guess decides; `parts` counts the turns that it took."""
        turns = sum(message["role"] == "assistant" for message in transcript)
        return self._verdict(problem, transcript[-1]["content"], {"turns": float(turns)})

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        """A response without an episode around it, as `verirl score` and `verirl task check` have them."""
        return self._verdict(problem, response, {})

    def _verdict(self, problem: Problem, response: str, parts: dict[str, float]) -> Verdict:
        guess = _number(response)
        if guess is None:
            return Verdict(status=Status.NO_ANSWER, reward=0.0, parts=parts)
        right = guess == problem.data["number"]
        status = Status.CORRECT if right else Status.INCORRECT
        return Verdict(status=status, reward=float(right), answer=str(guess), parts=parts)

    def cases(self) -> Iterator[Case]:
        """Responses whose status is known; `verirl task check` asks for them."""
        problem = self.problem(3, "test")
        number = problem.data["number"]
        for response, expected in (
            (f" {number}\n", Status.CORRECT),
            (f"{number + 1}", Status.INCORRECT),
            (f"{number} or {number + 1}", Status.NO_ANSWER),
        ):
            yield Case(problem=problem, response=response, expected=expected)


def _number(text: str) -> int | None:
    found = re.fullmatch(r"\s*([0-9]{1,6})\.?\s*", text)
    return int(found[1]) if found else None
