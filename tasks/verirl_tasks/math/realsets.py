r"""Sets of real numbers: x > 3, (3, \infty), \{x | x > 3\} and \mathbb{R} \setminus (-\infty, 3] are one and the same.

A set is a sorted list of disjoint pieces, each from `low` to `high`; a single number is a piece with both ends closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from verirl_tasks.math.tree import Node, bare, symbols
from verirl_tasks.math.values import close, to_real

_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}
_STATED = frozenset({"chain", "union", "intersection", "difference", "builder", "set"})


class NotASet(ValueError):
    """The tree is no set of real numbers that can be read off it."""


@dataclass(frozen=True)
class Piece:
    low: Any  # mpmath numbers; infinity too
    low_closed: bool
    high: Any
    high_closed: bool

    @property
    def empty(self) -> bool:
        if _same(self.low, self.high):
            return not (self.low_closed and self.high_closed)
        return bool(self.low > self.high)


Pieces = list[Piece]


def says_set(node: Node) -> bool:
    """Whether it is written as a set or a condition, and not as a number, a pair or a list of solutions."""
    node = bare(node)
    if node.kind in _STATED:
        return True
    if node.kind == "relation":
        return node.name not in ("=", "~") and (
            node.name != "in" or says_set(node.args[1]) or _is_interval(node.args[1])
        )
    if node.kind == "sequence" and node.name in ("or", "and", "list"):
        return any(says_set(arg) for arg in node.args)
    return _is_interval(node) and node.name != "()"


def real_set(node: Node) -> tuple[frozenset[str], Pieces]:
    """The variables that a condition is about (one at most) and the set. Raises NotASet, and what to_real raises."""
    names: set[str] = set()
    pieces = _pieces(node, names)
    if len(names) > 1:
        raise NotASet("conditions on several variables")
    return frozenset(names), pieces


def same_pieces(one: Pieces, other: Pieces) -> bool:
    return len(one) == len(other) and all(
        _same(a.low, b.low) and _same(a.high, b.high) and (a.low_closed, a.high_closed) == (b.low_closed, b.high_closed)
        for a, b in zip(one, other, strict=True)
    )


def _is_interval(node: Node) -> bool:
    return node.kind == "sequence" and len(node.args) == 2 and node.name in ("()", "[]", "(]", "[)")


def _pieces(node: Node, names: set[str]) -> Pieces:
    node = bare(node)
    kind = node.kind
    if kind == "set":
        if node.name == "empty":
            return []
        if node.name == "reals":
            return [_everything()]
        raise NotASet(f"the {node.name} are no interval")
    if kind in ("union", "intersection", "difference"):
        left, right = (_pieces(arg, names) for arg in node.args)
        if kind == "union":
            return _united(left + right)
        return _intersected(left, right if kind == "intersection" else _complement(right))
    if kind == "builder":
        member = bare(node.args[0])
        if member.kind == "relation" and member.name == "in":
            return _intersected(_pieces(member, names), _pieces(node.args[1], names))
        names |= symbols(member)
        return _pieces(node.args[1], names)
    if kind == "relation":
        return _relation(node, names)
    if kind == "chain":
        found = [_everything()]
        for relation in node.args:
            found = _intersected(found, _relation(relation, names))
        return found
    if kind == "sequence":
        return _sequence(node, names)
    raise NotASet(f"a {kind} is no set")


def _sequence(node: Node, names: set[str]) -> Pieces:
    if node.name == r"\{\}":
        return _united([_point(to_real(arg)) for arg in node.args])
    if _is_interval(node):
        low, high = (to_real(arg) for arg in node.args)
        piece = Piece(low, node.name[0] == "[", high, node.name[1] == "]")
        # An infinity that is included is no number; the bracket is a slip and nothing else.
        return [] if piece.empty else [_open_at_infinity(piece)]
    if node.name in ("or", "and", "list"):
        conditions = [bare(arg).kind in ("relation", "chain") for arg in node.args]
        if node.name != "or" and any(conditions):
            # "x >= 0, x != 1" holds both; "x < 1, x > 2" can only mean either.
            found = [_everything()]
            for arg in node.args:
                found = _intersected(found, _pieces(arg, names))
            if found or node.name == "and":
                return found
        if node.name != "and":
            return _united([piece for arg in node.args for piece in _pieces(arg, names)])
    raise NotASet("a list is no set of numbers")


def _relation(node: Node, names: set[str]) -> Pieces:
    left, right = (bare(arg) for arg in node.args)
    name = node.name
    if name == "in":
        if left.kind != "symbol":
            raise NotASet("no variable is in that set")
        names.add(left.name)
        return _pieces(right, names)
    if name not in _FLIPPED:
        raise NotASet(f"{name} gives no set")
    if left.kind != "symbol":
        left, right, name = right, left, _FLIPPED[name]
    if left.kind != "symbol" or symbols(right):
        raise NotASet("the condition is not solved for its variable")
    names.add(left.name)
    value = to_real(right)
    everything = _everything()
    if name == "=":
        return [_point(value)]
    if name == "!=":
        return _complement([_point(value)])
    if name[0] == "<":
        return [_open_at_infinity(replace(everything, high=value, high_closed=name == "<="))]
    return [_open_at_infinity(replace(everything, low=value, low_closed=name == ">="))]


def _everything() -> Piece:
    from verirl_tasks.math.tree import INFINITY

    infinity = to_real(INFINITY)
    return Piece(-infinity, False, infinity, False)


def _point(value: Any) -> Piece:
    return Piece(value, True, value, True)


def _open_at_infinity(piece: Piece) -> Piece:
    everything = _everything()
    return replace(
        piece,
        low_closed=piece.low_closed and piece.low != everything.low,
        high_closed=piece.high_closed and piece.high != everything.high,
    )


def _same(a: Any, b: Any) -> bool:
    return bool(a == b) or (abs(a) != abs(_everything().low) and abs(b) != abs(_everything().low) and close(a, b))


def _united(pieces: Sequence[Piece]) -> Pieces:
    found: Pieces = []
    for piece in sorted(
        (piece for piece in pieces if not piece.empty), key=lambda piece: (piece.low, not piece.low_closed)
    ):
        last = found[-1] if found else None
        if last is not None and (
            (_same(piece.low, last.high) and (piece.low_closed or last.high_closed))
            or (piece.low < last.high and not _same(piece.low, last.high))
        ):
            if _same(piece.high, last.high):
                found[-1] = replace(last, high_closed=last.high_closed or piece.high_closed)
            elif piece.high > last.high:
                found[-1] = replace(last, high=piece.high, high_closed=piece.high_closed)
        else:
            found.append(piece)
    return found


def _complement(pieces: Pieces) -> Pieces:
    found, rest = [], _everything()
    for piece in pieces:
        found.append(replace(rest, high=piece.low, high_closed=not piece.low_closed))
        rest = replace(rest, low=piece.high, low_closed=not piece.high_closed)
    return [_open_at_infinity(piece) for piece in [*found, rest] if not piece.empty and piece.low < _everything().high]


def _intersected(one: Pieces, other: Pieces) -> Pieces:
    found = []
    for a in one:
        for b in other:
            low_closed = (a.low_closed or a.low < b.low) and (b.low_closed or b.low < a.low)
            high_closed = (a.high_closed or a.high > b.high) and (b.high_closed or b.high > a.high)
            found.append(Piece(max(a.low, b.low), low_closed, min(a.high, b.high), high_closed))
    return _united(found)
