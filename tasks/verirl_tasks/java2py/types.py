"""Java types that a method's parameters and result may have, and the values of such types as plain JSON.

A *value* here is always the JSON form, which loses nothing and is a fresh copy whenever it is turned into Python:

    int, long, short, byte      a JSON integer                boolean     true, false
    float, double               a JSON number with a dot or exponent (the exact value), or "NaN", "Infinity", "-Infinity"
    char, String                text; characters beyond U+FFFF, and lone surrogates, as JSON escapes them
    arrays, List, Set           a list, in the collection's own order
    Map                         a list of [key, value] pairs in the map's own order; the text "ordered" comes first in
                                the recorded result of a map that keeps an order of its keys (LinkedHashMap, TreeMap)
    Optional                    its value, or null
    Object, Number              {"int": 1}, {"double": 0.5}, {"string": "a"}, {"list": [...]}, ...: one key, the class
    null                        null

Public: `JavaType`, `parse_type`, `Unsupported`, `to_python`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tree_sitter import Node

Value = Any  # plain JSON, see above

INTEGERS = {"byte": 8, "short": 16, "int": 32, "long": 64}  # bits
FLOATS = ("float", "double")
_BOXES = {
    "Byte": "byte",
    "Short": "short",
    "Integer": "int",
    "Long": "long",
    "Float": "float",
    "Double": "double",
    "Boolean": "boolean",
    "Character": "char",
}
_CONTAINERS = {
    "List": "list",
    "ArrayList": "list",
    "LinkedList": "list",
    "Collection": "list",
    "Iterable": "list",
    "Set": "set",
    "HashSet": "set",
    "LinkedHashSet": "set",
    "SortedSet": "set",
    "TreeSet": "set",
    "Map": "map",
    "HashMap": "map",
    "LinkedHashMap": "map",
    "SortedMap": "map",
    "TreeMap": "map",
    "Optional": "optional",
}
MAX_DIMENSIONS = 3
ORDERED = "ordered"
_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Unsupported(Exception):
    """A type that cannot be handed between Java and Python; the message names it."""


@dataclass(frozen=True)
class JavaType:
    """`kind`: byte, short, int, long, float, double, boolean, char, string, list, set, map, optional, array, object,
    number, void. `name`: the Java class of a container. `args`: element type, or key and value type."""

    kind: str
    boxed: bool = False
    name: str = ""
    args: tuple[JavaType, ...] = ()

    def __str__(self) -> str:
        if self.kind == "array":
            return f"{self.args[0]}[]"
        if self.kind in ("list", "set", "map", "optional"):
            return f"{self.name}<{', '.join(map(str, self.args))}>"
        if self.boxed:
            return next(box for box, kind in _BOXES.items() if kind == self.kind)
        return {"string": "String", "object": "Object", "number": "Number"}.get(self.kind, self.kind)

    @property
    def nullable(self) -> bool:
        """Whether null is a value of the type."""
        return self.boxed or self.kind in ("string", "list", "set", "map", "array", "object", "number")

    @property
    def mutable(self) -> bool:
        """Whether a method can change an argument of the type in place."""
        return self.kind in ("list", "set", "map", "array", "object")

    @property
    def python(self) -> str:
        """The type of the Python value, as an annotation."""
        if self.kind in INTEGERS:
            return "int"
        if self.kind in FLOATS:
            return "float"
        if self.kind in ("list", "array"):
            return f"list[{self.args[0].python}]"
        if self.kind == "set":
            return f"set[{self.args[0].python}]"
        if self.kind == "map":
            return f"dict[{self.args[0].python}, {self.args[1].python}]"
        if self.kind == "optional":
            return f"{self.args[0].python} | None"
        return {"boolean": "bool", "char": "str", "string": "str", "void": "None", "number": "int | float"}.get(
            self.kind, "object"
        )

    def walk(self) -> Iterator[JavaType]:
        """The type and all that it is made of."""
        yield self
        for argument in self.args:
            yield from argument.walk()


OBJECT = JavaType("object")


def parse_type(node: Node, dimensions: int = 0) -> JavaType:
    """The type that a node of the syntax tree stands for; `dimensions`: brackets behind the name. Raises Unsupported."""
    found = _parse(node)
    for _ in range(dimensions):
        found = JavaType("array", args=(found,))
    depth = 0
    inner = found
    while inner.kind == "array":
        depth, inner = depth + 1, inner.args[0]
    if depth > MAX_DIMENSIONS:
        raise Unsupported(f"{_text(node)} with more than {MAX_DIMENSIONS} dimensions")
    return found


def _parse(node: Node) -> JavaType:
    text = _text(node)
    if node.type in ("integral_type", "floating_point_type", "boolean_type", "void_type"):
        return JavaType(text)
    if node.type == "annotated_type":
        return _parse(node.named_children[-1])
    if node.type == "array_type":
        element, brackets = node.child_by_field_name("element"), node.child_by_field_name("dimensions")
        assert element is not None and brackets is not None
        found = _parse(element)
        for _ in range(_text(brackets).count("[")):
            found = JavaType("array", args=(found,))
        return found
    if node.type in ("type_identifier", "scoped_type_identifier"):
        return _named(text)
    if node.type == "generic_type":
        base, arguments = node.named_children[0], node.named_children[-1]
        kind = _CONTAINERS.get(_simple(_text(base)))
        if kind is None:
            raise Unsupported(text)
        args = tuple(_parse(argument) for argument in arguments.named_children)
        if len(args) != (2 if kind == "map" else 1):
            raise Unsupported(text)
        return JavaType(kind, name=_simple(_text(base)), args=args)
    raise Unsupported(text)


def _named(text: str) -> JavaType:
    name = _simple(text)
    if name in _BOXES:
        return JavaType(_BOXES[name], boxed=True)
    if name in ("String", "Object", "Number"):
        return JavaType(name.lower())
    if name in _CONTAINERS:  # a raw type
        kind = _CONTAINERS[name]
        return JavaType(kind, name=name, args=(OBJECT, OBJECT) if kind == "map" else (OBJECT,))
    raise Unsupported(text)


def _simple(text: str) -> str:
    return text.removeprefix("java.lang.").removeprefix("java.util.")


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "surrogatepass")


def to_python(value: Value, type: JavaType, hashed: bool = False) -> Any:
    """The Python value that a translation is given or should return, new all through. `hashed`: within a set or as a
    dict's key, where a list is a tuple and a set a frozenset."""
    if value is None:
        return None
    kind = type.kind
    if kind in FLOATS:
        return _SPECIAL[value] if isinstance(value, str) else float(value)
    if kind in ("list", "array"):
        items = [to_python(item, type.args[0], hashed) for item in value]
        return tuple(items) if hashed else items
    if kind == "set":
        return (frozenset if hashed else set)(to_python(item, type.args[0], True) for item in value)
    if kind == "map":
        pairs = value[1:] if value and value[0] == ORDERED else value
        return {to_python(key, type.args[0], True): to_python(item, type.args[1], hashed) for key, item in pairs}
    if kind == "optional":
        return to_python(value, type.args[0], hashed)
    if kind in ("object", "number"):
        ((name, inner),) = value.items()
        return to_python(inner, object_type(name), hashed)
    return value


_OBJECT_TYPES = {
    "list": JavaType("list", name="List", args=(OBJECT,)),
    "set": JavaType("set", name="Set", args=(OBJECT,)),
    "map": JavaType("map", name="Map", args=(OBJECT, OBJECT)),
    "array": JavaType("array", args=(OBJECT,)),
    "optional": JavaType("optional", name="Optional", args=(OBJECT,)),
}


def object_type(name: str) -> JavaType:
    """The type that the key of an Object's value names."""
    return _OBJECT_TYPES.get(name) or JavaType(name, boxed=name != "string")
