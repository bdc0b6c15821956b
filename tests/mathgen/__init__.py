"""Golds and answers for the math verifier's tests and benchmark, of our own making."""

from __future__ import annotations

from collections.abc import Callable

from mathgen import expressions, hard, numbers, structures
from mathgen.golds import Answer, Draw, Gold

GOLDS: tuple[Callable[[Draw], Gold], ...] = (
    *(numbers.integer,) * 3,
    *(numbers.fraction,) * 3,
    *(numbers.decimal, numbers.percent, numbers.quantity, numbers.choice) * 2,
    *(
        numbers.mixed,
        numbers.repeating,
        numbers.scientific,
        numbers.currency,
        numbers.based,
        numbers.degrees,
        numbers.words,
    ),
    *(expressions.radical, expressions.pi_multiple, expressions.complex_number, expressions.polynomial) * 2,
    *(expressions.surds, expressions.surd, expressions.powers, expressions.counting, expressions.factored),
    *(expressions.several_variables, expressions.rational_function),
    *(structures.finite_set, structures.listed, structures.ordered_tuple, structures.interval, structures.matrix) * 2,
    *(structures.union, structures.line, structures.circle, structures.inequality, structures.empty_set),
    *hard.HARD,
)

HARD = hard.HARD
# About what the answers to school and competition problems are: in MATH-500 three in five are integers.
EVERYDAY: tuple[Callable[[Draw], Gold], ...] = (
    *(numbers.integer,) * 12,
    *(numbers.fraction,) * 3,
    *(numbers.decimal, numbers.degrees, numbers.currency, numbers.percent, numbers.choice, numbers.words),
    *(expressions.radical, expressions.pi_multiple, expressions.polynomial, expressions.complex_number),
    *(structures.ordered_tuple, structures.interval, structures.listed, structures.matrix),
)

__all__ = ["EVERYDAY", "GOLDS", "HARD", "Answer", "Draw", "Gold"]
