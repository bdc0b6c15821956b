"""Opens what a config names: task, problems, worker pool, tokenizer, sampler, learner. The verbs share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verirl.config import RunConfig, cpu_threads
from verirl.errors import ConfigError, DataError
from verirl.models import Encode, context_length, load_model, load_tokenizer, make_encoder, quiet, resolve
from verirl.plugins import load_task_class, plugin_code, task_config
from verirl.rewards.length import LengthReward
from verirl.rewards.random import RandomReward
from verirl.rewards.rater import RaterReward
from verirl.rewards.verifier import VerifierReward
from verirl.samplers import make_sampler, resolve_kind
from verirl.types import Problem, Reward, Sampler, Split
from verirl.workers import WorkerPool

if TYPE_CHECKING:
    from verirl.learner import TorchLearner

PROMPTS_CHECKED = 256


@dataclass(frozen=True)
class Session:
    """Parts of one run, each made when it is first asked for; cheap ones that can fail come first."""

    config: RunConfig
    unsafe: bool = False  # without a sandbox around what the model wrote

    @cached_property
    def task(self) -> Any:
        name = self.config.task.name
        task = load_task_class(name)
        config = task_config(task, self.config.task.config, f"task {name}")
        with plugin_code(name):
            return task(config)

    def problems(self, split: Split, first: int | None = None) -> list[Problem]:
        """Raises DataError where there are none, or two share an id."""
        task = self.task
        with plugin_code(self.config.task.name):
            problems: Sequence[Problem] = list(task.problems(split))
        if not problems:
            raise DataError(f"task {self.config.task.name}: it has no {split} problems with this config.")
        seen: set[str] = set()
        for problem in problems:
            if problem.id in seen:
                raise DataError(f"task {self.config.task.name}: two {split} problems have the id {problem.id!r}.")
            seen.add(problem.id)
        return list(problems[:first])

    def open_pool(self) -> WorkerPool:
        options = self.config.reward
        task = self.config.task
        return WorkerPool(
            task.name, task.config, options.workers, options.cpu_seconds, options.memory_gib, unsafe=self.unsafe
        )

    def reward(self, pool: WorkerPool) -> Reward:
        """What `reward.kind` names; `pool` verifies. Raises ConfigError or ModelError where it cannot be opened."""
        options = self.config.reward
        if options.kind == "learned":
            from verirl.rewards.learned import LearnedReward  # with torch and transformers behind it

            return LearnedReward.open(options.models, options.combine, self.tokenizer)
        if options.kind == "rater":
            return RaterReward(pool, self.config.preferences.rater, self.config.rollout.max_tokens)
        if options.kind == "length":
            return LengthReward()
        if options.kind == "random":
            return RandomReward(self.config.seed)
        return VerifierReward(pool, options.noise, self.config.seed)

    @cached_property
    def folder(self) -> str:
        quiet()
        return resolve(self.config.model.name)

    @cached_property
    def tokenizer(self) -> Any:
        _ = self.folder
        return load_tokenizer(self.config.model)

    @cached_property
    def max_model_len(self) -> int:
        return min(context_length(self.folder), self.config.sampler.max_model_len)

    @cached_property
    def encode(self) -> Encode:
        return make_encoder(self.tokenizer, self.max_model_len)

    def check_prompts(self, problems: Sequence[Problem], max_tokens: int) -> None:
        """Raises DataError for a prompt that is too long, before anything expensive starts: the longest are tried."""
        by_size = sorted(problems, key=lambda problem: -len(str(problem.prompt)))
        for problem in by_size[:PROMPTS_CHECKED]:
            self.encode(problem, max_tokens)

    def check_sampler(self) -> str:
        return resolve_kind(self.config.sampler.kind)

    def sampler(self, folder: str | None = None) -> Sampler:
        self.set_threads()
        return make_sampler(self.config, folder or self.folder, self.max_model_len)

    def episodes(self, sampler: Sampler, pool: WorkerPool) -> Sampler:
        """`sampler`, or, where the task's environment answers, one of episodes of several turns around it."""
        if "respond" not in pool.offers:
            return sampler
        from verirl.episodes import EpisodeSampler, make_follower

        turns = self.config.rollout.max_turns
        return EpisodeSampler(sampler, pool, make_follower(self.tokenizer), turns, self.max_model_len)

    def refuse_episodes(self, pool: WorkerPool) -> None:
        """Raises ConfigError for a task whose environment answers: preferences are between single responses."""
        if "respond" in pool.offers:
            raise ConfigError(
                f"task {self.config.task.name}: its environment answers (`respond`), and preference pairs, reward models and "
                "contrasts are of single responses; `verirl train` and `verirl eval` take it."
            )

    def learner(self, checkpoints: Path) -> TorchLearner:
        import torch

        from verirl.learner import TorchLearner

        self.set_threads()
        return TorchLearner(load_model(self.config.model, torch.float32), self.tokenizer, self.config, checkpoints)

    def set_threads(self) -> None:
        import torch

        torch.set_num_threads(cpu_threads(self.config))
