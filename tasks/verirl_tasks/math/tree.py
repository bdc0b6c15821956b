"""The syntax tree of an answer, which the parser makes and everything else reads."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


class ParseError(ValueError):
    """The text is nothing that the grammar knows; the message says why."""


class TooDear(ValueError):
    """Working the value out would cost too much."""


@dataclass(frozen=True, slots=True)
class Node:
    """One of these kinds, with what `name` holds in brackets:

    values: number (the digits as they are written, in `number` the value), symbol (its name), constant (pi, e, i, infinity),
        text (words), set (reals, integers, ..., empty), based (digits_base)
    operations: add, mul, div ("frac" for a fraction bar), neg, pow, sqrt, root, abs, floor, ceil, factorial,
        double_factorial, binomial, mod, percent, degree, function (its name), mixed, pm and mp (gone once parsed), group
    by sympy alone: sum, product (body, variable, low, high), integral (body, variable, perhaps low, high), limit (body,
        variable, point), derivative (body, variable)
    structures: sequence (its brackets, or "list", "or", "and"), matrix ("" or "determinant") of row, ratio, clock (a time of
        day), quantity (the unit), builder ({x | condition}), union, intersection, difference
    statements: relation (=, <, <=, >, >=, !=, in, ~), chain (its relations), congruence (left, right, modulus)
    """

    kind: str
    args: tuple[Node, ...] = ()
    name: str = ""
    number: Fraction = Fraction(0)


INFINITY = Node("constant", name="infinity")
UNEVALUATED = frozenset({"sum", "product", "integral", "limit", "derivative", "mod"})


def bare(node: Node) -> Node:
    """Without brackets around the whole."""
    while node.kind == "group":
        node = node.args[0]
    return node


def symbols(node: Node) -> frozenset[str]:
    """Names of the free variables."""
    if node.kind == "symbol":
        return frozenset((node.name,))
    found: frozenset[str] = frozenset()
    for arg in node.args:
        found |= symbols(arg)
    if node.kind in ("sum", "product", "limit") or (node.kind == "integral" and len(node.args) == 4):
        found -= symbols(node.args[1])
    return found


def contains(node: Node, kinds: frozenset[str]) -> bool:
    return node.kind in kinds or any(contains(arg, kinds) for arg in node.args)
