"""What a contrast is made of: its arms, what each of them runs with, and where everything lies.

runs/NAME/start/                     the start model, where one is made (contrast.demonstrations)
runs/NAME/seed-0/preferences/        samples of the start policy, and each rater's pairs of them
runs/NAME/seed-0/reward-models/      RATER-xLABELS/members/K, and average-N of the first N
runs/NAME/seed-0/best-of-n.json
runs/NAME/seed-0/ARM/                a run like any other, with measures.jsonl beside its metrics
runs/NAME/contrast.jsonl             a line for each evaluation of each arm
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from verirl.config import RunConfig
from verirl.contrast_config import ArmConfig, RaterConfig
from verirl.errors import ConfigError, explain

# What an arm must not change: policy samples and optimiser steps are what the arms are compared at.
_EQUAL = ("steps", "task", "model", "sft", "preferences", "reward_model", "contrast", "eval", "checkpoint", "runs_dir")
_EQUAL_ROLLOUT = ("problems_per_step", "group_size", "max_tokens", "temperature", "dynamic_sampling", "off_policy")
_EQUAL_OPTIMIZER = ("updates_per_batch",)
_OWN = ("seed", "reward")  # what the arm's other fields set


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What a reward model is trained on: a rater's labels, so many times `preferences.pairs` of them."""

    rater: str
    times: float

    @property
    def name(self) -> str:
        return f"{self.rater}-x{self.times:g}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    config: RunConfig
    folder: Path

    @property
    def arms(self) -> tuple[ArmConfig, ...]:
        contrast = self.config.contrast
        return tuple(arm for arm in contrast.arms if not contrast.only or arm.name in contrast.only)

    def arm(self, name: str) -> ArmConfig:
        return next(arm for arm in self.arms if arm.name == name)

    def rater(self, name: str) -> RaterConfig:
        return self.config.contrast.raters[name]

    @property
    def wish(self) -> str:
        """The rater whose utility is measured on every arm: the first that has a style, else the first."""
        raters = self.config.contrast.raters
        return next((name for name, rater in raters.items() if rater.kind == "vibe"), next(iter(raters)))

    def seed_folder(self, seed: int) -> Path:
        return self.folder / f"seed-{seed}"

    def arm_folder(self, seed: int, arm: ArmConfig) -> Path:
        return self.seed_folder(seed) / re.sub(r"[^a-z0-9.]+", "-", arm.name.lower()).strip("-")

    @property
    def reward_models(self) -> dict[Labels, int]:
        """The reward models that are trained on the start policy's samples, and how many members each has. Every rater's
        first one is among them: its score is measured on every arm."""
        wanted = {Labels(rater=rater, times=1.0): 1 for rater in self.raters_learned}
        for arm in self.arms:
            if arm.reward == "learned":
                labels = Labels(rater=arm.rater, times=arm.labels)
                wanted[labels] = max(wanted.get(labels, 1), arm.members)
        return wanted

    @property
    def raters_learned(self) -> list[str]:
        """Raters whose labels some arm learns from, in the arms' order."""
        return list(dict.fromkeys(arm.rater for arm in self.arms if arm.reward == "learned"))

    def reward_model_folder(self, seed: int, labels: Labels) -> Path:
        return self.seed_folder(seed) / "reward-models" / labels.name

    def judges(self, arm: ArmConfig, seed: int) -> list[str]:
        """Folders of the reward models that an arm starts with."""
        folder = self.reward_model_folder(seed, Labels(rater=arm.rater, times=arm.labels))
        if arm.combine == "average":
            return [str(folder / f"average-{arm.members}")]
        return [str(folder / "members" / str(number)) for number in range(arm.members)]

    def start(self) -> str:
        """The model that every arm starts from."""
        steps = self.config.contrast.demonstrations.steps
        if not steps:
            return self.config.model.name
        return str(self.folder / "start" / "checkpoints" / f"step-{steps:06d}")

    def run_config(self, arm: ArmConfig, seed: int) -> RunConfig:
        """The config of one arm's run."""
        values = self.config.model_dump()
        for section, override in arm.config.items():
            before = values.get(section, {})
            values[section] = {**before, **override} if isinstance(override, Mapping) else override
        values["seed"] = seed
        values["model"]["name"] = self.start()
        values["loss"]["kl_coef"] = arm.kl_coef or values["loss"]["kl_coef"]
        values["reward"]["kind"] = arm.reward
        if arm.flip_rate:
            values["reward"]["noise"] |= {"false_positive_rate": arm.flip_rate, "false_negative_rate": arm.flip_rate}
        if arm.reward == "learned":
            values["reward"] |= {"models": self.judges(arm, seed), "combine": arm.combine}
            if arm.combine == "average":
                values["reward"]["combine"] = "mean"
        if arm.reward == "rater":
            values["preferences"]["rater"] = self.rater(arm.rater).model_dump()
        return RunConfig.model_validate(values)


def make_plan(config: RunConfig, folder: Path) -> Plan:
    """Raises ConfigError for arms that cannot be compared, or that lack what they need."""
    contrast = config.contrast
    known = [arm.name for arm in contrast.arms]
    if unknown := [name for name in contrast.only if name not in known]:
        raise ConfigError(
            f"contrast.only: there is no arm {unknown[0]!r}; the arms are: {', '.join(map(repr, known))}."
        )
    if len(Plan(config=config, folder=folder).arms) < 2:
        raise ConfigError("contrast.arms: a contrast needs at least two arms.")
    if not contrast.seeds or len(set(contrast.seeds)) < len(contrast.seeds):
        raise ConfigError("contrast.seeds: at least one is needed, and each may be there once.")
    if config.preferences.split == config.eval.split:
        raise ConfigError(
            f"preferences.split and eval.split are both {config.eval.split!r}: a reward model must not have seen the "
            "problems that its policy is judged on."
        )
    plan = Plan(config=config, folder=folder)
    folders: dict[Path, str] = {}
    for arm in plan.arms:
        _check_arm(arm, config)
        place = plan.arm_folder(0, arm)
        if place in folders:
            raise ConfigError(f"contrast.arms: {arm.name!r} and {folders[place]!r} would share a folder; rename one.")
        folders[place] = arm.name
        try:
            plan.run_config(arm, 0)
        except ValidationError as error:
            raise ConfigError(explain(error, f"contrast.arms: {arm.name!r}")) from None
    return plan


def _check_arm(arm: ArmConfig, config: RunConfig) -> None:
    def refuse(what: str) -> ConfigError:
        return ConfigError(f"contrast.arms: {arm.name!r} {what}")

    if not re.search(r"[a-z0-9]", arm.name.lower()):
        raise refuse("has no letter or digit in its name.")
    if arm.reward in ("learned", "rater") and arm.rater not in config.contrast.raters:
        known = ", ".join(config.contrast.raters)
        raise refuse(f"names the rater {arm.rater!r}, but contrast.raters has {known}.")
    if arm.reward == "rater" and config.contrast.raters[arm.rater].kind == "jsonl":
        raise refuse("asks people for a reward at every step; only their recorded pairs can be learned from.")
    if arm.reward != "learned" and (arm.members > 1 or arm.rounds or arm.labels != 1.0):
        raise refuse("has members, rounds or labels, which only a learned reward has.")
    if arm.combine == "average" and arm.members < 2:
        raise refuse("averages the weights of one model; give it members = 3, say.")
    if arm.rounds and arm.members > 1:
        raise refuse("retrains an ensemble; rounds are for one reward model.")
    if arm.rounds and config.steps % ((arm.rounds + 1) * (config.eval.every or config.steps)):
        raise refuse(
            f"has {arm.rounds} rounds, but steps = {config.steps} do not part into {arm.rounds + 1} stretches that end at "
            f"an evaluation (eval.every = {config.eval.every})."
        )
    if arm.flip_rate and arm.reward != "verifier":
        raise refuse("has a flip_rate, which is of the verifier's rewards.")
    for section, override in arm.config.items():
        if section in _OWN:
            raise refuse(f"sets config.{section}; the arm's own fields (and contrast.seeds) do that.")
        differing = _differing(section, override, config)
        if differing:
            raise refuse(f"changes {differing}: arms must be equal in policy samples and optimiser steps.")


def _differing(section: str, override: Any, config: RunConfig) -> str | None:
    """The first key of an override that makes arms incomparable."""
    if section in _EQUAL:
        return section
    keys = {"rollout": _EQUAL_ROLLOUT, "optimizer": _EQUAL_OPTIMIZER}.get(section, ())
    for key in keys:
        if (
            isinstance(override, Mapping)
            and key in override
            and override[key] != getattr(getattr(config, section), key)
        ):
            return f"{section}.{key}"
    return None
