"""A task whose reward differs within nearly every group, so that every step learns. Its prompts are longer than two
blocks of vLLM's cache and begin alike, training's and evaluation's."""

from __future__ import annotations

from zlib import crc32

from pydantic import BaseModel

from verirl.types import Problem, Split, Status, Toolbox, Verdict

SIZES = {"train": 20, "validation": 8, "test": 8}


class Coin:
    class Config(BaseModel):
        pass

    def __init__(self, config: Config) -> None: ...

    def problems(self, split: Split) -> list[Problem]:
        names = [f"{split}-{number}" for number in range(SIZES[split])]
        text = "Say anything that you like, for it is judged by a coin that is thrown behind your back. This is "
        return [
            Problem(id=name, prompt=[{"role": "user", "content": text + name}], data={}, split=split) for name in names
        ]

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        right = crc32(response.encode()) % 2 == 0
        return Verdict(status=Status.CORRECT if right else Status.INCORRECT, reward=float(right))
