"""A sampler that says what it was told to: for tests of everything around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from verirl.types import Request, Trajectory

Script = Callable[[Request, int], tuple[list[int], str, list[float]]]


class ScriptedSampler:
    """`script(request, index)` gives token ids, text and log-probabilities of one sample."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.version = 0
        self.loaded: list[int] = []

    def sample(self, requests: Sequence[Request]) -> Iterator[Trajectory]:
        for index, request in enumerate(requests):
            token_ids, text, logprobs = self.script(request, index)
            yield Trajectory(
                text=text,
                prompt_ids=request.prompt_ids,
                token_ids=token_ids,
                policy_mask=[1] * len(token_ids),
                logprobs=logprobs,
                finish_reason="length" if len(token_ids) >= request.max_tokens else "stop",
                policy_versions=[self.version] * len(token_ids),
                request=index,
            )

    def release(self) -> None: ...

    def load(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
        self.version = version
        self.loaded.append(version)
