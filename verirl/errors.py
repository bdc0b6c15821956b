"""Errors that a user can act on: the command line prints their one sentence and exits with code 2, no traceback."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class VerirlError(Exception):
    """Base of every error whose message is meant for people: what is wrong, where, and what to do."""


class ConfigError(VerirlError):
    """A config file, an override or a task's config is wrong; the message names the key's path."""


class DataError(VerirlError):
    """A data file is missing or has a bad line; the message names file and line."""


class DataWarning(UserWarning):
    """Something about the data that people should know and that stops nothing; given with `warnings.warn`, and printed by
    the command line as one sentence."""


class PluginError(VerirlError):
    """A task plugin could not be found or loaded, or its code failed. `traceback` is that of its own code, where there is
    one: evidence for its author, which no message repeats."""

    def __init__(self, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.traceback = traceback


class NoSandboxError(VerirlError):
    """A verifier needs the sandbox, and no backend of it works here; the message says what to install."""


class ModelError(VerirlError):
    """A model folder is missing, broken or unfit (no chat template, context too short)."""


class SamplerError(VerirlError):
    """A sampler is missing or would not start."""


class StaleWeightsError(SamplerError):
    """The sampler does not hold the weights that the learner handed over. The run must stop: its samples would come
    from another policy than the one that is trained."""


class RunError(VerirlError):
    """A run folder is unwritable, exists already, or belongs to another run."""


def explain(error: ValidationError, where: str, prefix: str = "") -> str:
    """One sentence for the first problems of a pydantic error, each with the path of its key."""
    parts = []
    for item in error.errors()[:3]:
        path = ".".join([*([prefix] if prefix else []), *map(str, item["loc"])])
        if item["type"] == "extra_forbidden":
            parts.append(f"unknown key `{path}`")
        else:
            message = item["msg"][0].lower() + item["msg"][1:]
            parts.append(f"`{path}`: {message} (got {reprlib.repr(item['input'])})")
    return f"{where}: " + "; ".join(parts) + "."


def short(error: BaseException) -> str:
    """An error of somebody else's code on one line: its type and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300] if lines else 'no message'}"
