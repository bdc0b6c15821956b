"""Episodes of several turns: the policy writes, the task's environment answers, until one of them is done.

`EpisodeSampler` is a sampler like any other, around one that samples single turns. A trajectory is then one sequence of
tokens, the policy's turns and between them the environment's, with `policy_mask` 0 on the latter: the policy is trained on
what it wrote alone, given all that it had read. Nothing is ever rendered again: what the policy sampled stays as it was
sampled, and an environment's turn is appended in the tokens that the chat template puts around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from verirl.errors import ModelError
from verirl.models import render
from verirl.rollout import sample_seed
from verirl.types import Message, Problem, Request, Sampler, Trajectory, Verdict
from verirl.workers import WorkerPool

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

Follow = Callable[[str, int | None], list[int]]


def make_follower(tokenizer: PreTrainedTokenizerBase) -> Follow:
    """The function that gives the tokens of an environment's message, up to where the policy's next turn begins, after a
    turn of the policy that ended with the given token (None: it had no token).

    They are what the chat template puts between the end of an assistant's message and the start of the next one. Raises
    ModelError for a template that changes what has been said when more is said.
    """

    def follow(text: str, last: int | None) -> list[int]:
        opening: list[Message] = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
        before = render(tokenizer, opening, "an episode", add_generation_prompt=False)
        chat: list[Message] = [*opening, {"role": "user", "content": text}]
        after = render(tokenizer, chat, "an episode", add_generation_prompt=True)
        if after[: len(before)] != before:
            raise ModelError(
                "the model's chat template writes earlier messages anew when others follow: episodes of several turns "
                "cannot be sampled with it."
            )
        # A policy may stop at another token than the template writes, and a template may write none.
        mark = last if last in before else tokenizer.eos_token_id
        end = len(before) - (before[::-1].index(mark) if mark in before else 0)
        return after[end:]

    return follow


@dataclass
class _Episode:
    """What has been sampled of one so far."""

    request: Request
    problem: Problem
    turns: list[Message] = field(default_factory=list)
    token_ids: list[int] = field(default_factory=list)
    policy_mask: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    policy_versions: list[int] = field(default_factory=list)

    def next_request(self, turn: int) -> Request:
        seed = sample_seed(self.request.seed, turn) if turn else self.request.seed
        return replace(self.request, prompt_ids=[*self.request.prompt_ids, *self.token_ids], seed=seed)

    def policy_wrote(self, trajectory: Trajectory) -> None:
        self.turns.append({"role": "assistant", "content": trajectory.text})
        self._append(trajectory.token_ids, 1, trajectory.logprobs, trajectory.policy_versions)

    def environment_wrote(self, text: str, token_ids: Sequence[int]) -> None:
        self.turns.append({"role": "user", "content": text})
        nothing = [0] * len(token_ids)
        self._append(token_ids, 0, [0.0] * len(token_ids), nothing)

    def _append(self, ids: Sequence[int], mask: int, logprobs: Sequence[float], versions: Sequence[int]) -> None:
        self.token_ids += ids
        self.policy_mask += [mask] * len(ids)
        self.logprobs += logprobs
        self.policy_versions += versions

    def ended(self, last: Trajectory, number: int, fault: Verdict | None, room: bool) -> Trajectory:
        return Trajectory(
            text=last.text,
            prompt_ids=self.request.prompt_ids,
            token_ids=self.token_ids,
            policy_mask=self.policy_mask,
            logprobs=self.logprobs,
            finish_reason=last.finish_reason if room else "length",
            policy_versions=self.policy_versions,
            request=number,
            turns=self.turns,
            fault=fault,
        )


class EpisodeSampler:
    """Samples episodes of at most `max_turns` turns of the policy, through `sampler`; `pool` asks the task's `respond`.

    An episode ends when the environment has nothing to say (None), when a turn is truncated, when the turns are used up,
    or when a further turn of `max_tokens` would not fit into `context` (tokens; its `finish_reason` is then `length`).
    """

    def __init__(self, sampler: Sampler, pool: WorkerPool, follow: Follow, max_turns: int, context: int) -> None:
        self.sampler = sampler
        self.pool = pool
        self.follow = follow
        self.max_turns = max_turns
        self.context = context

    def sample(self, requests: Sequence[Request]) -> Iterator[Trajectory]:
        """Turn by turn: all first turns, then the second ones of the episodes that go on. Every request needs its
        problem."""
        going: dict[int, _Episode] = {}
        for number, request in enumerate(requests):
            assert request.problem is not None
            going[number] = _Episode(request, request.problem)
        with ThreadPoolExecutor(max_workers=len(self.pool) * 2) as executor:  # threads only wait on worker processes
            for turn in range(self.max_turns):
                order = list(going)
                answers: dict[int, tuple[Trajectory, Future[str | Verdict | None]]] = {}
                for trajectory in self.sampler.sample([going[number].next_request(turn) for number in order]):
                    number = order[trajectory.request]
                    episode = going[number]
                    episode.policy_wrote(trajectory)
                    if turn + 1 == self.max_turns or trajectory.finish_reason == "length":
                        yield going.pop(number).ended(trajectory, number, None, True)
                        continue
                    transcript = [*episode.problem.prompt, *episode.turns]
                    asked = executor.submit(self.pool.respond, episode.problem, transcript)
                    answers[number] = (trajectory, asked)
                    for done in [n for n, (_, answer) in answers.items() if answer.done() and answer.result() is None]:
                        yield going.pop(done).ended(answers.pop(done)[0], done, None, True)
                for number, (trajectory, answer) in answers.items():
                    said = answer.result()
                    if said is None or isinstance(said, Verdict):
                        yield going.pop(number).ended(trajectory, number, said, True)
                        continue
                    episode = going[number]
                    ids = self.follow(said, trajectory.token_ids[-1] if trajectory.token_ids else None)
                    length = len(episode.request.prompt_ids) + len(episode.token_ids) + len(ids)
                    if length + episode.request.max_tokens > self.context:
                        yield going.pop(number).ended(trajectory, number, None, False)
                    else:
                        episode.environment_wrote(said, ids)
                if not going:
                    return

    def release(self) -> None:
        self.sampler.release()

    def load(self, weights: Iterable[tuple[str, torch.Tensor]], version: int) -> None:
        self.sampler.load(weights, version)
