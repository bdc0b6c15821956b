"""Math-Verify as a second opinion (pip install math-verify): for audits and tests, never for a verdict.

Its own timeouts work with an alarm, in the main thread alone; here the worker's limit of CPU time does that work.
"""

from __future__ import annotations

import logging

from verirl.errors import PluginError


def accepts(gold: str, answer: str) -> bool:
    """Whether Math-Verify, with the settings it comes with, takes one for the other. Raises PluginError without it."""
    try:
        from math_verify import parse, verify  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise PluginError(f"a second opinion needs Math-Verify ({error}): pip install math-verify") from None
    logging.getLogger("math_verify").setLevel(logging.CRITICAL)  # it reports every answer that it cannot read
    sides = [parse(f"\\boxed{{{text}}}", parsing_timeout=None) for text in (gold, answer)]
    return bool(verify(*sides, timeout_seconds=None))
