"""Runs untrusted code. Knows nothing of verirl: `from verirl_sandbox import Sandbox`."""

from verirl_sandbox.results import (
    Call,
    Limits,
    Opaque,
    Outcome,
    ProgramResult,
    Result,
    SandboxError,
    SandboxUnavailable,
)
from verirl_sandbox.sandbox import Sandbox

__all__ = [
    "Call",
    "Limits",
    "Opaque",
    "Outcome",
    "ProgramResult",
    "Result",
    "Sandbox",
    "SandboxError",
    "SandboxUnavailable",
]
