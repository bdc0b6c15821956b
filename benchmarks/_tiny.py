"""The tests' tiny models and builders, for benchmarks that need no real model."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from builders import plain_logprobs, run_config
from start_model import TASK, make_start_model
from verirl.tiny import make_tiny_model

__all__ = ["TASK", "make_start_model", "make_tiny_model", "plain_logprobs", "run_config"]
