"""A task whose environment answers, for a model that can do nothing: the coin that ends an episode, and the one that pays,
look at all that was said, so that episodes differ in length and nearly every group in reward."""

from __future__ import annotations

import time
from collections.abc import Sequence
from zlib import crc32

from pydantic import BaseModel

from verirl.types import Message, Problem, Split, Status, Toolbox, Verdict

SIZES = {"train": 20, "validation": 8, "test": 8}


def coin(transcript: Sequence[Message]) -> int:
    return crc32(repr([message["content"] for message in transcript]).encode())


class Turns:
    class Config(BaseModel):
        pass

    def __init__(self, config: Config) -> None: ...

    def problems(self, split: Split) -> list[Problem]:
        names = [f"{split}-{number}" for number in range(SIZES[split])]
        return [
            Problem(id=name, prompt=[{"role": "user", "content": f"Guess {name}"}], data={}, split=split)
            for name in names
        ]

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        raise AssertionError("episodes are judged whole")

    def respond(self, problem: Problem, transcript: Sequence[Message], tools: Toolbox) -> str | None:
        return f"no, {coin(transcript) % 7}" if coin(transcript) % 3 else None

    def verify_episode(self, problem: Problem, transcript: Sequence[Message], tools: Toolbox) -> Verdict:
        right = coin(transcript) % 2 == 0
        turns = sum(message["role"] == "assistant" for message in transcript)
        status = Status.CORRECT if right else Status.INCORRECT
        return Verdict(status=status, reward=float(right), parts={"turns": float(turns)})


class Failing(Turns):
    """Its environment fails as the problem's name says."""

    def respond(self, problem: Problem, transcript: Sequence[Message], tools: Toolbox) -> str | None:
        if problem.id == "raises":
            raise ValueError("no such room")
        if problem.id == "spins":
            while True:
                pass
        if problem.id == "sleeps":
            time.sleep(600)
        return 7 if problem.id == "number" else "go on"  # type: ignore[return-value]  # no text: a fault to be found
