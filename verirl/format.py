"""Numbers as people read them, the same in the terminal and in the report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


def is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}%"


def interval(bounds: Sequence[float] | None) -> str:
    return "" if bounds is None else f"{100 * bounds[0]:.1f} to {100 * bounds[1]:.1f}"


def points(value: float | None) -> str:
    """A difference of rates, in percentage points."""
    return "–" if value is None else f"{100 * value:+.1f}"


def p_value(p: float | None) -> str:
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
