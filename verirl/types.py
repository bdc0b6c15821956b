"""Every core dataclass and protocol of verirl, and nothing else.

Importing this module imports neither torch nor vllm: task plugins import it, and they run in worker processes that
should start in a fraction of a second.

Shape suffixes used in comments: `_P` problems in a step, `_G` samples in a group, `_N` rows of a batch, `_T` tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    import pydantic
    import torch

    from verirl_sandbox import Sandbox

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
Message = Mapping[str, Any]  # {"role": ..., "content": text or a list of parts}


class Status(StrEnum):
    """What a reward found out about one response."""

    CORRECT = "correct"
    PARTIAL = "partial"
    INCORRECT = "incorrect"
    NO_ANSWER = "no_answer"
    UNPARSEABLE = "unparseable"
    LIMIT = "limit"
    TIMEOUT = "timeout"
    INVALID_PROBLEM = "invalid_problem"
    INFRASTRUCTURE_ERROR = "infrastructure_error"
    SCORED = "scored"

    @property
    def caused_by_policy(self) -> bool:
        """False where the policy is not to blame: such a sample has no reward and leaves its group's statistics."""
        return self not in (Status.INVALID_PROBLEM, Status.INFRASTRUCTURE_ERROR)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing to solve.

    `prompt` is a list of chat messages; `data` is JSON that belongs to the task (the gold answer, for instance) and
    never reaches the policy.
    """

    id: str
    prompt: Sequence[Message]
    data: Mapping[str, Any]
    split: Split
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Request:
    """One sample to draw: the rendered prompt and everything that decides the draw.

    `temperature` 0 is greedy decoding. `seed` belongs to this sample alone, so the tokens do not depend on what else
    is being generated. `problem` is there for tasks whose environment answers.
    """

    prompt_ids: Sequence[int]
    max_tokens: int
    temperature: float = 1.0
    seed: int = 0
    problem: Problem | None = None


@dataclass(frozen=True, kw_only=True)
class Trajectory:
    """One sampled response. `token_ids`, `policy_mask`, `logprobs` and `policy_versions` have one entry per token.

    `policy_mask` is 1 where the policy wrote the token and 0 where an environment did. `logprobs` are natural
    logarithms, after temperature. `request` is the index of the `Request` that this answers.

    An episode of several turns has them as chat messages in `turns`, the policy's and the environment's, and `text` is the
    last of the policy's. `fault` is what its environment says instead of answering, where it failed or hit a limit.
    """

    text: str
    prompt_ids: Sequence[int] = ()
    token_ids: Sequence[int] = ()
    policy_mask: Sequence[int] = ()
    logprobs: Sequence[float] = ()
    finish_reason: Literal["stop", "length"] = "stop"
    policy_versions: Sequence[int] = ()
    request: int = 0
    turns: Sequence[Message] = ()
    fault: Verdict | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a reward says of one response.

    A task's `reward` lies in [0, 1]; a learned reward is unbounded; None means that the policy is not to blame.
    `answer` is what was found in the text, `reason` one sentence for people, `parts` named components of the reward,
    `seconds` the wall-clock time that the verification took.
    """

    status: Status
    reward: float | None = None
    answer: str | None = None
    reason: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Group:
    """All samples of one problem, with their verdicts in the same order.

    `audits` are second verdicts of a stricter check; they never enter advantages.
    """

    problem: Problem
    trajectories: Sequence[Trajectory]
    verdicts: Sequence[Verdict]
    audits: Sequence[Verdict] = ()


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Tensors of the samples that are trained on, right-padded: N rows of T tokens, the longest prompt + response.

    Column t of the `_NT` tensors speaks of token t of `ids`; prompts have mask 0.
    """

    ids: torch.Tensor  # [N, T] int64
    mask: torch.Tensor  # [N, T] float32; 1 where the policy wrote the token
    advantages: torch.Tensor  # [N] float32
    sampler_logprobs: torch.Tensor  # [N, T] float32; 0 where mask is 0
    old_logprobs: torch.Tensor  # [N, T] float32; of the policy that the ratio is taken against
    lengths: torch.Tensor  # [N] int64; prompt + response, without padding
    prompt_lengths: torch.Tensor  # [N] int64
    groups: torch.Tensor  # [N] int64; rows with the same number share their prompt
    samples: int  # scored samples in the step, those without advantage (not among the rows) included
    tokens: int  # that the policy wrote in them
    ref_logprobs: torch.Tensor | None = None  # [N, T] float32; of the frozen reference


@dataclass(frozen=True, kw_only=True)
class LossOutput:
    """A scalar to differentiate, and numbers to log (sums over rows, so that micro-batches add up)."""

    loss: torch.Tensor
    metrics: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A response whose status is known. `source` says who vouches for it."""

    problem: Problem
    response: str
    expected: Status
    source: str = ""


class Toolbox(Protocol):
    """What a run lends to a verifier. Each tool is made when it is first used."""

    @property
    def sandbox(self) -> Sandbox: ...

    @property
    def lm(self) -> Any: ...


OPTIONAL = ("reference", "cases", "prepare", "verify_group", "verify_strict", "respond", "verify_episode")  # of a task


@runtime_checkable
class Task(Protocol):
    """A task plugin: the thing that users write. Optional methods are listed in docs/add-a-task.md."""

    Config: type[pydantic.BaseModel]

    def problems(self, split: Split) -> Sequence[Problem]:
        """The problems of a split; the same for the same config, always."""
        ...

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict: ...


class Sampler(Protocol):
    """Draws responses from the policy."""

    def sample(self, requests: Sequence[Request]) -> Iterator[Trajectory]:
        """Yields one trajectory per request, in the order in which they finish."""
        ...

    def release(self) -> None:
        """Gives back the memory that the learner's step may need; the next `load` takes it again. Nothing is sampled in
        between."""
        ...

    def load(self, weights: Iterable[tuple[str, torch.Tensor]], version: int) -> None:
        """Takes the learner's weights (names as in the HF checkpoint).

        Raises `StaleWeightsError` where the weights now in force are not the ones given.
        """
        ...


class Reward(Protocol):
    """Scores a whole group, so that rewards that compare responses fit too."""

    def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]: ...


class Learner(Protocol):
    """Owns the trained model."""

    def step(self, batch: Batch) -> dict[str, float]: ...

    def weights(self) -> Iterator[tuple[str, torch.Tensor]]: ...

    def save(self, step: int, stream: Mapping[str, Any]) -> None: ...

    def rate(self, step: int, score: float) -> None:
        """Notes the held-out pass rate of a saved step, by which the best checkpoint is kept."""
        ...

    def resume(self) -> tuple[int, Mapping[str, Any]]: ...
