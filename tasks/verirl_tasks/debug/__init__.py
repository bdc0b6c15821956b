"""Faulty Python functions to be mended, in several turns: the environment answers with a case that fails."""

from verirl_tasks.debug.task import DebugConfig, DebugTask

__all__ = ["DebugConfig", "DebugTask"]
