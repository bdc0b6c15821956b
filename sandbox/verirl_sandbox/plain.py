"""Plain data over the wire: JSON in which what JSON does not know has a tag.

    None, bool, int below 2**63, finite float, str, list    as JSON has them
    {"int": "-0x1f"}  {"float": "nan" | "inf" | "-inf"}  {"complex": [re, im]}  {"bytes": "hex"}  {"str": "hex"}
    {"tuple": [...]}  {"set": [...]}  {"frozenset": [...]}  {"dict": [[key, value], ...]}  {"opaque": "type's name"}

`encode` runs beside a candidate's code, so nothing that it wrote is trusted: `decode`, outside, is strict and bounded,
and makes objects of base types alone. An instance of a subclass is encoded by its base's own methods, so a class that
lies about itself (`__eq__`, `__iter__`, `__str__`) is not asked.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from verirl_sandbox.results import Opaque

MAX_DEPTH = 100  # of containers in each other
MAX_DIGITS = 10_000  # hexadecimal, of an integer
SMALL = 1 << 63


class NotPlain(ValueError):
    """A value that cannot be encoded, or bytes that are no encoding."""


class TooLarge(NotPlain):
    """More items than the cap."""


# ------------------------------------------------------------------------------------------------------------ encoding


def encode(value: Any, cap: int, opaque: bool = False) -> str:
    """As ASCII. Raises TooLarge for more than `cap` items (or characters), and NotPlain for what is no plain data, which
    with `opaque` becomes a tag instead."""
    return _dumps(_Encoder(cap, opaque).tagged(value, 0))


_dumps: Callable[[Any], str] = json.JSONEncoder(allow_nan=False, separators=(",", ":"), check_circular=False).encode


class _Encoder:
    def __init__(self, cap: int, opaque: bool) -> None:
        self.left = cap
        self.opaque = opaque

    def tagged(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is int or kind is str or kind is float:
            return self.scalar(value, kind)
        return self.other(value, kind, depth)

    def scalar(self, value: Any, kind: type) -> Any:
        if kind is str:
            self.take(str.__len__(value))
            if str.isascii(value):
                return value
            try:
                str.encode(value)
            except UnicodeEncodeError:  # surrogates, of which two in a row would come back as one character
                return {"str": str.encode(value, "utf-8", "surrogatepass").hex()}
            return value
        if kind is int:
            if -SMALL < value < SMALL:
                return value
            if int.bit_length(value) > 4 * MAX_DIGITS:
                return self.unfit(f"an integer of more than {MAX_DIGITS} hexadecimal digits")
            self.take(int.bit_length(value) // 4)
            return {"int": hex(value)}
        return value if math.isfinite(value) else {"float": float.__repr__(value)}

    def other(self, value: Any, kind: type, depth: int) -> Any:
        if depth >= MAX_DEPTH:
            return self.unfit(f"nested more than {MAX_DEPTH} deep")
        for scalar, base_of in _BASE.items():
            if issubclass(kind, scalar):
                return self.scalar(base_of(value), scalar)
        if issubclass(kind, list):
            return self.items(list.__iter__(value), list.__len__(value), depth)
        if issubclass(kind, tuple):
            return {"tuple": self.items(tuple.__iter__(value), tuple.__len__(value), depth)}
        if issubclass(kind, dict):
            self.take(2 * dict.__len__(value))
            pairs = list(dict.items(value))
            return {"dict": [[self.tagged(key, depth + 1), self.tagged(item, depth + 1)] for key, item in pairs]}
        if issubclass(kind, set):
            return {"set": self.unordered(set.__iter__(value), set.__len__(value), depth)}
        if issubclass(kind, frozenset):
            return {"frozenset": self.unordered(frozenset.__iter__(value), frozenset.__len__(value), depth)}
        if issubclass(kind, complex):
            real, imaginary = complex.real.__get__(value), complex.imag.__get__(value)
            return {"complex": [self.scalar(real, float), self.scalar(imaginary, float)]}
        if issubclass(kind, (bytes, bytearray)):
            content = bytes(memoryview(value))
            self.take(2 * len(content))
            return {"bytes": content.hex()}
        return self.unfit(type_name(kind))

    def take(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise TooLarge("too large")

    def items(self, values: Iterator[Any], count: int, depth: int) -> list[Any]:
        self.take(count)
        depth += 1
        return [item if type(item) is int and -SMALL < item < SMALL else self.tagged(item, depth) for item in values]

    def unordered(self, values: Iterator[Any], count: int, depth: int) -> list[Any]:
        """In an order of its own, so that the same set is the same text."""
        return sorted(self.items(values, count, depth), key=_dumps)

    def unfit(self, what: str) -> dict[str, str]:
        if not self.opaque:
            raise NotPlain(f"{what} is no plain data")
        return {"opaque": what}


_BASE: dict[type, Callable[[Any], Any]] = {
    int: lambda value: int.__add__(value, 0),
    float: lambda value: float.__mul__(value, 1.0),
    str: lambda value: "".join(str.__iter__(value)),
}


def type_name(kind: type) -> str:
    """As it was given, whatever its metaclass says."""
    name = type.__dict__["__name__"].__get__(kind)
    return name[:200] if type(name) is str else "?"


# ------------------------------------------------------------------------------------------------------------ decoding


def decode(payload: bytes) -> Any:
    """Raises NotPlain for anything that `encode` would not have written. The caller has capped the size."""
    try:
        text = payload.decode("ascii")
        if payload.count(b"[") + payload.count(b"{") > MAX_DEPTH:
            _check_depth(text)
        value, end = _decoder.raw_decode(text)  # which, other than `decode`, takes no space around it
        if end != len(text):
            raise NotPlain("no plain data: something comes after it")
        return value
    except NotPlain:
        raise
    except (ValueError, TypeError, RecursionError) as error:  # a key that cannot be hashed is a TypeError
        raise NotPlain(f"no plain data: {type(error).__name__}") from None


_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_NOT_BRACKET = re.compile(r"[^\[\]{}]+")


def _check_depth(text: str) -> None:
    depth = 0
    for bracket in _NOT_BRACKET.sub("", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > 3 * MAX_DEPTH:  # a tagged container takes up to three brackets
            raise NotPlain("nested too deeply")


def _int(text: str) -> int:
    if len(text) > 20:
        raise NotPlain("an integer without its tag")
    return int(text)


def _float(text: str) -> float:
    value = float(text) if len(text) <= 32 else math.inf
    if not math.isfinite(value):
        raise NotPlain("a float without its tag")
    return value


def _constant(text: str) -> Any:
    raise NotPlain(f"{text} without its tag")


def _untagged(pairs: list[tuple[str, Any]]) -> Any:
    if len(pairs) != 1 or pairs[0][0] not in _TAGS:
        raise NotPlain("an object that is no tag")
    return _TAGS[pairs[0][0]](pairs[0][1])


def _big_int(text: Any) -> int:
    if type(text) is not str or not re.fullmatch(rf"-?0x[0-9a-f]{{1,{MAX_DIGITS}}}", text):
        raise NotPlain("no integer")
    return int(text, 16)


def _special_float(text: Any) -> float:
    if text not in ("nan", "inf", "-inf"):
        raise NotPlain("no float")
    return float(text)


def _complex(parts: Any) -> complex:
    if type(parts) is not list or len(parts) != 2 or not all(type(part) is float for part in parts):
        raise NotPlain("no complex number")
    return complex(*parts)


def _list(values: Any) -> list[Any]:
    if type(values) is not list:
        raise NotPlain("no list in a tag")
    return values


def _set(values: Any) -> set[Any]:
    found = set(_list(values))
    if len(found) != len(values):
        raise NotPlain("a set with the same element twice")
    return found


def _dict(pairs: Any) -> dict[Any, Any]:
    if not all(type(pair) is list and len(pair) == 2 for pair in _list(pairs)):
        raise NotPlain("no pairs")
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotPlain("a key twice")
    return found


def _bytes(text: Any) -> bytes:
    if type(text) is not str or not re.fullmatch("[0-9a-f]*", text):
        raise NotPlain("no bytes")
    return bytes.fromhex(text)


def _str(text: Any) -> str:
    return _bytes(text).decode("utf-8", "surrogatepass")


def _opaque(text: Any) -> Opaque:
    if type(text) is not str or len(text) > 300:
        raise NotPlain("no type's name")
    return Opaque(text)


_TAGS: dict[str, Callable[[Any], Any]] = {
    "int": _big_int,
    "float": _special_float,
    "complex": _complex,
    "str": _str,
    "bytes": _bytes,
    "tuple": lambda values: tuple(_list(values)),
    "set": _set,
    "frozenset": lambda values: frozenset(_set(values)),
    "dict": _dict,
    "opaque": _opaque,
}
_decoder = json.JSONDecoder(
    object_pairs_hook=_untagged, parse_int=_int, parse_float=_float, parse_constant=_constant, strict=True
)
