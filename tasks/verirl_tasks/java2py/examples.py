"""Inputs like the examples that come with a method, for data sets whose methods are defined on such inputs alone.

    read(tests, method) -> list of argument lists       from calls of the method in Java test code
    generate_like(method, examples, count, seed)        the examples, then small changes of them

What all examples have in common is kept: the range of numbers, the letters and length of text, sorted lists, no duplicates, a
parameter that is the length of another, lists of the same length.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from typing import Any

from tree_sitter import Node

from verirl_tasks.java2py.java import Method, parse, text, unescape, walk
from verirl_tasks.java2py.types import FLOATS, INTEGERS, JavaType, Value

_OF = ("asList", "of", "singletonList", "emptyList", "emptySet", "emptyMap", "valueOf")


class _NoExample(Exception):
    """An argument that is no constant."""


def read(tests: str, method: Method) -> list[list[Value]]:
    """Arguments of the calls of `method` in Java code, those that are constants; each once."""
    found: dict[str, list[Value]] = {}
    for node in walk(parse(tests).tree.root_node):
        name, arguments = node.child_by_field_name("name"), node.child_by_field_name("arguments")
        if node.type != "method_invocation" or name is None or arguments is None or text(name) != method.name:
            continue
        given = arguments.named_children
        if len(given) != len(method.params):
            continue
        try:
            args = [_value(one, type) for one, type in zip(given, method.params, strict=True)]
        except (_NoExample, ValueError):
            continue
        found.setdefault(json.dumps(args), args)
    return list(found.values())


def _value(node: Node, type: JavaType) -> Value:
    """Raises _NoExample."""
    kind = type.kind
    if node.type in ("parenthesized_expression", "cast_expression"):
        return _value(node.named_children[-1], type)
    if node.type == "null_literal":
        return None
    if kind in ("object", "number"):
        return _object(node)
    if kind in INTEGERS or kind in FLOATS:
        word = text(node).replace("_", "").replace(" ", "")
        sign, digits = (-1, word[1:]) if word.startswith("-") else (1, word)
        if kind in FLOATS:
            return sign * float(digits.rstrip("fFdDlL"))
        return sign * int(digits.rstrip("lL"), 0)
    if kind == "boolean" and text(node) in ("true", "false"):
        return text(node) == "true"
    if kind in ("string", "char") and node.type in ("string_literal", "character_literal"):
        return unescape(text(node)[1:-1])
    if kind == "string" and node.type == "binary_expression" and "+" in {child.type for child in node.children}:
        return "".join(_value(child, type) for child in node.named_children)
    if kind in ("list", "set", "array"):
        return [_value(item, type.args[0]) for item in _items(node)]
    if kind == "map":
        flat = _items(node)
        return [[_value(k, type.args[0]), _value(v, type.args[1])] for k, v in zip(flat[::2], flat[1::2], strict=True)]
    raise _NoExample


def _items(node: Node) -> list[Node]:
    """The elements of a collection that is written out; of a map keys and values in turn."""
    if node.type == "method_invocation":
        name, arguments = node.child_by_field_name("name"), node.child_by_field_name("arguments")
        if name is not None and arguments is not None and text(name) in _OF:
            return arguments.named_children
    elif node.type in ("array_initializer", "array_creation_expression"):
        inner = node if node.type == "array_initializer" else node.child_by_field_name("value")
        if inner is not None:
            return inner.named_children
        if text(node).endswith("[0]"):
            return []
    elif node.type == "object_creation_expression":
        body = next((child for child in node.named_children if child.type == "class_body"), None)
        if body is not None:  # new HashMap<>() {{ put(k, v); }}
            lists = [
                call.child_by_field_name("arguments")
                for call in walk(body)
                if call.type == "method_invocation"
                and call.parent is not None
                and call.parent.type == "expression_statement"
            ]
            return [item for one in lists if one is not None for item in one.named_children]
        arguments = node.child_by_field_name("arguments")
        given = [] if arguments is None else arguments.named_children
        return _items(given[0]) if given and "literal" not in given[0].type else []
    raise _NoExample


def _object(node: Node) -> Value:
    word = text(node).lstrip("-")
    if node.type in ("string_literal", "character_literal"):
        return {"string" if node.type == "string_literal" else "char": unescape(text(node)[1:-1])}
    if word in ("true", "false"):
        return {"boolean": word == "true"}
    if word[:1].isdigit() or word[:1] == ".":
        kind = "double" if "." in word else "long" if word[-1] in "lL" else "int"
        return {kind: _value(node, JavaType(kind))}
    return {"list": [None if item.type == "null_literal" else _object(item) for item in _items(node)]}


# ------------------------------------------------------------------------------------------------------------- changes


def generate_like(method: Method, examples: Sequence[list[Value]], count: int, seed: int | str) -> list[list[Value]]:
    """`count` different argument lists, or fewer; the same for the same arguments, always."""
    rng = random.Random(f"{seed}/{method.name}/examples")
    found = {json.dumps(args): args for args in examples}
    rules = _Rules(method, examples)
    misses = 0
    while len(found) < count and misses < 300:
        args = json.loads(json.dumps(rng.choice(examples)))
        for _ in range(rng.randint(1, 3)):
            index = rng.randrange(len(args)) if args else 0
            if args:
                args[index] = rules.spans[index].change(args[index], rng)
        rules.mend(args)
        misses = misses + 1 if found.setdefault(json.dumps(args), args) is not args else 0
    return list(found.values())[:count]


class _Rules:
    """What holds of all examples."""

    def __init__(self, method: Method, examples: Sequence[list[Value]]) -> None:
        self.spans = [_Span(type, [args[index] for args in examples]) for index, type in enumerate(method.params)]
        sized = [i for i, t in enumerate(method.params) if t.kind in ("list", "array", "string")]
        whole = [i for i, t in enumerate(method.params) if t.kind in ("int", "long")]

        # Of pairs of places: number is the length, number is at most the length, the same length, in order.
        self.lengths = [(n, i) for n in whole for i in sized if all(_number(a[n]) == _size(a[i]) for a in examples)]
        self.below = [(n, i) for n in whole for i in sized if all(_number(a[n]) <= _size(a[i]) for a in examples)]
        self.alike = [
            (i, j) for i in sized for j in sized if i < j and all(_size(a[i]) == _size(a[j]) for a in examples)
        ]
        self.order = [
            (n, m) for n in whole for m in whole if n != m and all(_number(a[n]) <= _number(a[m]) for a in examples)
        ]

    def mend(self, args: list[Value]) -> None:
        for one, other in self.alike:
            length = min(len(args[one]), len(args[other]))
            args[one], args[other] = args[one][:length], args[other][:length]
        for number, index in self.lengths:
            args[number] = len(args[index])
        for number, index in self.below:
            args[number] = min(args[number], len(args[index]))
        for low, high in self.order:
            if args[low] > args[high]:
                args[low], args[high] = args[high], args[low]


def _size(value: Value) -> float:
    return math.nan if value is None else len(value)  # NaN keeps no rule


def _number(value: Value) -> float:
    return math.nan if value is None else value


class _Span:
    """The values of one place in all examples, and values between them."""

    def __init__(self, type: JavaType, values: Sequence[Value]) -> None:
        self.type = type
        self.values = values = [value for value in values if value is not None]
        self.inner: _Span | None = None
        kind = type.kind
        if kind in ("list", "array", "set"):
            self.inner = _Span(type.args[0], [item for value in values for item in value])
            self.sizes = [len(value) for value in values] or [0]
            plain = [value for value in values if len(value) > 1]
            orders = [[_order(item) for item in value] for value in plain]
            comparable = bool(orders) and len({t for o in orders for item in o for t in [item[0]]}) == 1
            self.ascending = comparable and all(order == sorted(order) for order in orders)
            self.unique = bool(plain) and all(len({json.dumps(i) for i in value}) == len(value) for value in plain)
            nested = type.args[0].kind in ("list", "array")
            self.square = nested and all(len(value) == len(row or []) for value in values for row in value)
            self.even = nested and all(len({len(row or []) for row in value}) <= 1 for value in values)
        elif kind == "string":
            self.sizes = [len(value) for value in values] or [0]
            self.letters = sorted({c for value in values for c in value})
            self.bare = not any(c.isalnum() for c in self.letters)
            words = [word for value in values for word in value.split(" ")]
            self.words = sorted(set(words)) if len(words) >= 2 * len(set(words)) and len(words) > len(values) else []

    def change(self, value: Value, rng: random.Random) -> Value:
        """A value like it."""
        if not self.values or value is None:
            return value
        kind = self.type.kind
        if rng.random() < 0.2:
            return json.loads(json.dumps(rng.choice(self.values)))
        if kind in INTEGERS:
            low, high = min(self.values), max(self.values)
            return (
                min(max(value + rng.choice((-2, -1, 1, 2)), low), high)
                if rng.random() < 0.5
                else rng.randint(low, high)
            )
        if kind in FLOATS:
            places = max(len(repr(float(one)).partition(".")[2]) for one in self.values)
            return float(round(rng.uniform(min(self.values), max(self.values)), min(places, 6)))
        if kind == "string":
            return self.text(value, rng)
        if kind in ("list", "array", "set"):
            return self.items(value, rng)
        if kind in ("object", "number") and value:
            ((name, inner),) = value.items()
            alike = [one[name] for one in self.values if name in one]
            return {name: _Span(_plain(name), alike).change(inner, rng)} if _plain(name).kind != "object" else value
        return json.loads(json.dumps(rng.choice(self.values)))

    def text(self, value: str, rng: random.Random) -> str:
        """With characters replaced by others of their sort, so that what is a word or a number stays one."""
        if self.words:  # of a language of few words
            words = value.split(" ")
            words[rng.randrange(len(words))] = rng.choice(self.words)
            return " ".join(words)
        made = list(value)
        roll = rng.random()
        if self.bare or roll < 0.7:
            for _ in range(rng.randint(1, 3)):
                if made:
                    place = rng.randrange(len(made))
                    made[place] = rng.choice(
                        [c for c in self.letters if self.bare or _sort(c) == _sort(made[place])] or [made[place]]
                    )
        if roll > 0.6 and len(made) > min(self.sizes) and made and (self.bare or made[-1].isalnum()):
            made.pop(rng.randrange(len(made)) if all(c.isalpha() for c in made) else -1)
        if roll > 0.85 and 0 < len(made) < max(self.sizes) and (self.bare or made[-1].isalpha()):
            made.append(rng.choice([c for c in self.letters if self.bare or _sort(c) == _sort(made[-1])] or [made[-1]]))
        return "".join(made)

    def items(self, value: list[Value], rng: random.Random) -> list[Value]:
        assert self.inner is not None
        made, roll = list(value), rng.random()
        if made and (roll < 0.5 or self.square):
            place = rng.randrange(len(made))
            before = made[place]
            made[place] = self.inner.change(before, rng)
            if self.even and isinstance(before, list) and len(made[place]) != len(before):
                made[place] = before
        elif len(made) > min(self.sizes) and roll < 0.65:
            made.pop(rng.randrange(len(made)))
        elif len(made) < max(self.sizes) and roll < 0.85 and made and not self.even:
            made.insert(rng.randint(0, len(made)), self.inner.change(rng.choice(made), rng))
        else:
            rng.shuffle(made)
        if self.unique or self.type.kind == "set":
            made = list({json.dumps(item): item for item in made}.values())
            if len(made) < min(self.sizes):
                return list(value)
        return sorted(made, key=_order) if self.ascending else made


def _order(value: Value) -> Any:
    if isinstance(value, list):
        return ("list", [_order(item) for item in value])
    return (
        ("text" if isinstance(value, str) else "number", value)
        if isinstance(value, str | int | float)
        else ("other", 0)
    )


def _sort(c: str) -> str:
    return "u" if c.isupper() else "l" if c.islower() else "0" if c == "0" else "d" if c.isdigit() else c


def _plain(name: str) -> JavaType:
    return JavaType(name) if name in ("int", "long", "double", "string", "boolean") else JavaType("object")
