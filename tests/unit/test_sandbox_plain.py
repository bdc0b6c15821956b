"""Plain data over the wire: everything comes back as it went, and nothing else is taken for an encoding."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verirl_sandbox.plain import MAX_DEPTH, MAX_DIGITS, NotPlain, TooLarge, decode, encode
from verirl_sandbox.results import Opaque

CAP = 1 << 20
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(1 << 200), max_value=1 << 200)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=()))
    | st.binary()
    | st.complex_numbers(allow_nan=False)
)
hashables = st.recursive(
    scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=5
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner)
        | st.sets(hashables, max_size=4)
        | st.dictionaries(hashables, inner, max_size=4)
    ),
    max_leaves=20,
)


def typed(value: Any) -> Any:
    """Tells 1 from True, 1.0 and -0.0 from 0.0, and a list from a tuple, all the way down."""
    if isinstance(value, (list, tuple)):
        return type(value), [typed(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return type(value), sorted(map(repr, map(typed, value)))
    if isinstance(value, dict):
        return dict, sorted(repr((typed(key), typed(item))) for key, item in value.items())
    return type(value), repr(value)


@given(values)
def test_there_and_back(value: Any) -> None:
    assert typed(decode(encode(value, CAP).encode("ascii"))) == typed(value)


@given(values)
def test_the_text_is_json_and_ascii(value: Any) -> None:
    text = encode(value, CAP)
    assert text.isascii()
    json.loads(text)


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_plain_data_or_refused(payload: bytes) -> None:
    with contextlib.suppress(NotPlain):
        decode(payload)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["int", "float", "complex", "bytes", "tuple", "set", "frozenset", "dict", "opaque", "other"]), inner, max_size=2),
    max_leaves=10,
)  # fmt: skip


@given(json_values)
def test_any_json_is_plain_data_or_refused(value: Any) -> None:
    """What is taken can be told again, or is opaque."""
    try:
        found = decode(json.dumps(value).encode())
    except NotPlain:
        return
    encode(found, CAP, opaque=True)


def test_special_floats() -> None:
    value = decode(encode([math.nan, math.inf, -math.inf, -0.0], CAP).encode())
    assert math.isnan(value[0])
    assert value[1:3] == [math.inf, -math.inf]
    assert math.copysign(1, value[3]) == -1


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"NaN",
        b"Infinity",
        b"1e999",
        b"123456789012345678901",
        b'{"int": "123"}',
        b'{"int": "0xF"}',
        b'{"int": "0x' + b"f" * (MAX_DIGITS + 1) + b'"}',
        b'{"float": "1.0"}',
        b'{"float": ["nan"]}',
        b'{"complex": [1, 2]}',
        b'{"bytes": "abc"}',
        b'{"bytes": "AB"}',
        b'{"tuple": 1}',
        b'{"set": [1, 1]}',
        b'{"set": [[]]}',
        b'{"dict": [[1, 2], [1, 3]]}',
        b'{"dict": [[[], 2]]}',
        b'{"dict": [[1, 2, 3]]}',
        b'{"dict": {"opaque": "x"}}',
        b'{"opaque": 1}',
        b'{"str": "c3"}',
        b'{"str": "x"}',
        b'{"a": 1}',
        b"{}",
        b'{"tuple": [], "tuple": []}',
        b'{"tuple": [], "list": []}',
        b"[1] [2]",
        b"[1,]",
        b'"\x01"',
        '"é"'.encode(),
        b"\xff",
        b"[" * 1000 + b"]" * 1000,
        b"[" * 100_000,
        b'{"tuple":' * 100_000,
    ],
)
def test_refused(payload: bytes) -> None:
    with pytest.raises(NotPlain):
        decode(payload)


def test_brackets_in_text_are_no_depth() -> None:
    assert decode(encode(["[" * 1000, "\\" * 7 + '"[[['], CAP).encode()) == ["[" * 1000, "\\" * 7 + '"[[[']


def test_the_deepest_is_taken() -> None:
    value: Any = 1
    for _ in range(MAX_DEPTH):
        value = {(1,): (value,)} if isinstance(value, list) else [value]
    with pytest.raises(NotPlain, match="deep"):
        encode([value], CAP)
    nested: Any = 1
    for number in range(MAX_DEPTH):
        nested = {1: nested} if number % 2 else (nested,)
    assert decode(encode(nested, CAP).encode()) == nested


@pytest.mark.parametrize("value", ["x" * 101, b"x" * 51, [0] * 101, 1 << 1000, {i: i for i in range(51)}])
def test_a_cap_on_the_size(value: Any) -> None:
    with pytest.raises(TooLarge):
        encode(value, 100)


@pytest.mark.parametrize("value", [object(), lambda: 1, print, range(3), iter([]), type, ...])
def test_what_is_no_plain_data(value: Any) -> None:
    with pytest.raises(NotPlain):
        encode([value], CAP)
    (found,) = decode(encode([value], CAP, opaque=True).encode())
    assert found == Opaque(type(value).__name__) or found.type == type(value).__name__


def test_an_equal_set_is_the_same_text() -> None:
    assert encode({"b", "a", "c"}, CAP) == encode({"c", "b", "a"}, CAP)
