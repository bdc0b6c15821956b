"""Generators of problems, one file for each subject (two for large ones); `kind.py` says what a generator is.

A subject is a tuple of kinds, and a kind a function that draws one problem of a level. To add a kind, write that function
and name it in its file's KINDS: splits, tags and tests of form follow. The test that its answers are right is yours to
add.
"""

from __future__ import annotations

from typing import Final, Literal

from verirl_tasks.math.generators import (
    algebra_equations,
    algebra_expressions,
    calculus,
    combinatorics,
    number_theory,
)
from verirl_tasks.math.generators.kind import Kind

Subject = Literal["arithmetic", "algebra", "number-theory", "combinatorics", "calculus"]
ARITHMETIC: Final = "arithmetic"

# Without arithmetic, whose levels are other than those of the rest: it has a file, but no kinds.
SUBJECTS: dict[Subject, tuple[Kind, ...]] = {
    "algebra": (*algebra_equations.KINDS, *algebra_expressions.KINDS),
    "number-theory": number_theory.KINDS,
    "combinatorics": combinatorics.KINDS,
    "calculus": calculus.KINDS,
}
