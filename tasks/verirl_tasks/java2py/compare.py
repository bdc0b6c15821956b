"""Whether what Python gave back is what Java gave back, by the declared type.

    same(expected, actual, type) -> None, or why not
    from_python(actual, type) -> the value (types.py) that a Python object stands for; raises Mismatch

`expected` is a value, `actual` what came out of the sandbox: plain data of Python's base types.

The rules:
- int, long, short, byte: a Python `int`, exactly. A `bool` is none, nor is a `float`.
- boolean: a Python `bool`. An `int` is none.
- double: a Python `float` within MAX_ULPS units in the last place, since Java's and C's sin, exp and pow differ by that
  much; NaN is NaN, infinities are exact, and 0.0 is not -0.0. An `int` of the same value is taken, as Python's own type
  rules do (PEP 484); a `bool` is not.
- float: the same, but exactly the single-precision number.
- char: a `str` of one UTF-16 unit. String: a `str` of the same UTF-16 units, so that a pair of surrogates is the character.
- arrays and List: a `list` (within a set, or as a key, a `tuple`), each item by its type.
- Set: a `set` or `frozenset`; Python's keep no order, so none is compared.
- Map: a `dict`; the order of its keys counts where the Java object keeps one (LinkedHashMap, TreeMap).
- Object, Number: by the class of the object that Java gave back.
- null: None. void: whatever was returned.
"""

from __future__ import annotations

import json
import math
import struct
from typing import Any

from verirl_sandbox import Opaque
from verirl_tasks.java2py.types import FLOATS, INTEGERS, ORDERED, JavaType, Value, object_type, to_python

MAX_ULPS = 4
_FAMILIES = dict.fromkeys((*INTEGERS,), "int") | dict.fromkeys(FLOATS, "double") | {"char": "string", "array": "list"}


class Mismatch(Exception):
    """An object that is of another type than the one declared; the message says how."""


def same(expected: Value, actual: Any, type: JavaType) -> str | None:
    """None where they are the same, else one short sentence for people."""
    kind = type.kind
    if kind == "void":
        return None
    if expected is None:
        return None if actual is None else f"{_shown(actual)} instead of None"
    if kind == "optional":
        return same(expected, actual, type.args[0])
    if kind in ("object", "number"):
        ((name, inner),) = expected.items()
        return same(inner, actual, object_type(name))
    if kind in INTEGERS or kind == "boolean":
        wanted = bool if kind == "boolean" else int
        if _is(actual, wanted) and actual == expected:
            return None
        return f"{_shown(actual)} instead of {expected!r}"
    if kind in FLOATS:
        return _same_float(expected, actual, kind)
    if kind in ("string", "char"):
        if _is(actual, str) and (actual == expected or _units(actual) == _units(expected)):
            return None
        return f"{_shown(actual)} instead of {_shown(expected)}"
    if kind in ("list", "array"):
        if not _is(actual, list):
            return f"{_shown(actual)} instead of a list"
        if len(actual) != len(expected):
            return f"a list of {len(actual)} instead of {len(expected)}"
        for index, (one, other) in enumerate(zip(expected, actual, strict=True)):
            if why := same(one, other, type.args[0]):
                return f"item {index}: {why}"
        return None
    if kind == "set":
        if not isinstance(actual, (set, frozenset)):
            return f"{_shown(actual)} instead of a set"
        try:
            found = {_key(from_python(item, type.args[0], True), type.args[0]) for item in actual}
        except Mismatch as error:
            return f"in the set: {error}"
        missing = {_key(item, type.args[0]) for item in expected} ^ found
        return f"the set differs by {min(missing)[:100]}" if missing else None
    return _same_map(expected, actual, type)


def _same_map(expected: Value, actual: Any, type: JavaType) -> str | None:
    if not _is(actual, dict):
        return f"{_shown(actual)} instead of a dict"
    ordered = bool(expected) and expected[0] == ORDERED
    pairs = expected[1:] if ordered else expected
    try:
        found = {_key(from_python(key, type.args[0], True), type.args[0]): value for key, value in actual.items()}
    except Mismatch as error:
        return f"a key: {error}"
    wanted = {_key(key, type.args[0]): value for key, value in pairs}
    if differ := sorted(wanted.keys() ^ found.keys()):
        return f"the keys differ by {differ[0][:100]}"
    for key, value in wanted.items():
        if why := same(value, found[key], type.args[1]):
            return f"at key {key[:100]}: {why}"
    if ordered and list(wanted) != list(found):
        return "the keys are in another order"
    return None


def _same_float(expected: Value, actual: Any, kind: str) -> str | None:
    wanted = to_python(expected, JavaType(kind))
    why = f"{_shown(actual)} instead of {wanted!r}"
    if _is(actual, int):
        try:
            number = float(actual)
        except OverflowError:
            return why
        if number != actual:
            return why
    elif _is(actual, float):
        number = actual
    else:
        return why
    if math.isnan(wanted) or math.isnan(number):
        return None if math.isnan(wanted) and math.isnan(number) else why
    if wanted == number:
        return None if math.copysign(1, wanted) == math.copysign(1, number) else why
    if kind == "float" or not number or not wanted or math.isinf(wanted) or math.isinf(number):
        return why
    if (wanted < 0) != (number < 0):
        return why
    return None if abs(_bits(wanted) - _bits(number)) <= MAX_ULPS else why


def _bits(value: float) -> int:
    """Neighbours among numbers of one sign are neighbours here."""
    found: int = struct.unpack("<q", struct.pack("<d", abs(value)))[0]
    return found


def from_python(actual: Any, type: JavaType, hashed: bool = False) -> Value:
    """The value of a Python object where it is of the type. `hashed`: within a set, or as a key. Raises Mismatch."""
    kind = type.kind
    if actual is None:
        return None
    if kind == "optional":
        return from_python(actual, type.args[0], hashed)
    if kind in ("object", "number"):
        return _object_from(actual, hashed)
    if kind in INTEGERS and _is(actual, int) and -(1 << 63) <= actual < 1 << 63:
        return actual
    if kind == "boolean" and _is(actual, bool):
        return actual
    if kind in FLOATS and (_is(actual, float) or (_is(actual, int) and abs(actual) < 1 << 1000)):
        number = float(actual)
        if math.isnan(number):
            return "NaN"
        return number if math.isfinite(number) else ("Infinity" if number > 0 else "-Infinity")
    if kind in ("string", "char") and _is(actual, str):
        return _units(actual).decode("utf-16-le", "surrogatepass")
    if kind in ("list", "array") and (_is(actual, list) or (hashed and _is(actual, tuple))):
        return [from_python(item, type.args[0], hashed) for item in actual]
    if kind == "set" and isinstance(actual, (set, frozenset)):
        return [from_python(item, type.args[0], True) for item in actual]
    if kind == "map" and _is(actual, dict):
        return [[from_python(k, type.args[0], True), from_python(v, type.args[1])] for k, v in actual.items()]
    raise Mismatch(f"{_shown(actual)} is no {type.python}")


def _object_from(actual: Any, hashed: bool) -> Value:
    for name, base in (
        ("boolean", bool),
        ("int", int),
        ("double", float),
        ("string", str),
        ("list", list),
        ("map", dict),
    ):
        if _is(actual, base):
            return {name: from_python(actual, object_type(name), hashed)}
    if isinstance(actual, (set, frozenset)):
        return {"set": from_python(actual, object_type("set"), hashed)}
    if hashed and _is(actual, tuple):
        return {"list": from_python(actual, object_type("list"), hashed)}
    raise Mismatch(f"{_shown(actual)} is no plain value")


def _key(value: Value, type: JavaType) -> str:
    """The same text for values that are the same; the order of sets and maps within does not count."""
    return json.dumps(_canonical(value, type))


def _canonical(value: Value, type: JavaType) -> Any:
    if value is None:
        return None
    kind = type.kind
    if kind in ("object", "number"):
        ((name, inner),) = value.items()
        return {_FAMILIES.get(name, name): _canonical(inner, object_type(name))}
    if kind == "optional":
        return _canonical(value, type.args[0])
    if kind in ("list", "array"):
        return [_canonical(item, type.args[0]) for item in value]
    if kind == "set":
        return sorted((_canonical(item, type.args[0]) for item in value), key=json.dumps)
    if kind == "map":
        pairs = value[1:] if value and value[0] == ORDERED else value
        return sorted(([_canonical(k, type.args[0]), _canonical(v, type.args[1])] for k, v in pairs), key=json.dumps)
    if kind in FLOATS and not isinstance(value, str):
        return float(value)
    return value


def _is(actual: Any, kind: type) -> bool:
    return type(actual) is kind


def _units(value: str) -> bytes:
    return value.encode("utf-16-le", "surrogatepass")


def _shown(value: Any) -> str:
    if isinstance(value, Opaque):
        return f"an object of type {value.type}"
    if type(value) is int and value.bit_length() > 400:
        return f"an integer of {value.bit_length()} bits"
    try:
        return ascii(value)[:200]
    except (ValueError, RecursionError):  # Python refuses to write out integers of more than 4,300 digits
        return f"a {type(value).__name__}"
