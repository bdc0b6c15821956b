"""The rules by which a Python result is the Java one."""

from __future__ import annotations

import math
from typing import Any

import pytest

from verirl_sandbox import Opaque
from verirl_tasks.java2py.compare import from_python, same
from verirl_tasks.java2py.java import parse
from verirl_tasks.java2py.types import JavaType, to_python


def declared(name: str) -> JavaType:
    return parse(f"class A {{ static {name} f() {{ }} }}").method("f").returns


HUGE = 10**5000  # Python refuses to write it out
SAME = [
    ("int", 5, 5),
    ("long", -(2**63), -(2**63)),
    ("Integer", None, None),
    ("boolean", True, True),
    ("double", 0.1, 0.1),
    ("double", 2.0, 2),
    ("double", 1.0, math.nextafter(1.0, 2)),
    ("double", "NaN", math.nan),
    ("double", "-Infinity", -math.inf),
    ("double", -0.0, -0.0),
    ("float", 0.10000000149011612, 0.10000000149011612),
    ("char", "a", "a"),
    ("char", "\ud83d", "\ud83d"),
    ("String", "😀", "\ud83d\ude00"),
    ("int[]", [1, 2], [1, 2]),
    ("List<List<Double>>", [[1.0], []], [[1.0], []]),
    ("Set<Integer>", [3, 1], {1, 3}),
    ("Set<List<Integer>>", [[1], [2, 3]], {(2, 3), (1,)}),
    ("Map<String, Integer>", [["a", 1], ["b", 2]], {"b": 2, "a": 1}),
    ("Map<String, Integer>", ["ordered", ["a", 1], ["b", 2]], {"a": 1, "b": 2}),
    ("Optional<Integer>", None, None),
    ("Object", {"list": [{"int": 1}, {"string": "a"}, None]}, [1, "a", None]),
    ("void", None, 3),
]
OTHER = [
    ("int", 5, 6),
    ("int", 1, True),
    ("int", 5, 5.0),
    ("int", 0, None),
    ("int", 5, HUGE),
    ("boolean", True, 1),
    ("boolean", False, None),
    ("double", 1.0, -1.0),
    ("double", 1.0, True),
    ("double", 1.0, 1 + 1e-13),
    ("double", 0.0, -0.0),
    ("double", -0.0, 0),
    ("double", 5e-324, -5e-324),
    ("double", 5e-324, 0.0),
    ("double", "NaN", 0.0),
    ("double", "Infinity", -math.inf),
    ("double", "Infinity", 1.7976931348623157e308),
    ("double", 1e300, HUGE),
    ("double", 1.0, "1.0"),
    ("float", 0.10000000149011612, 0.1),
    ("char", "a", 97),
    ("char", "a", "ab"),
    ("String", "😀", "\ud83d"),
    ("String", "", None),
    ("String", None, ""),
    ("int[]", [1, 2], (1, 2)),
    ("int[]", [1, 2], [1, 2, 3]),
    ("int[]", [1, 2], [1, True]),
    ("Set<Integer>", [1, 3], [1, 3]),
    ("Set<Integer>", [1, 3], {1, 3, 4}),
    ("Set<Integer>", [1], {True}),
    ("Set<Integer>", [1], {HUGE}),
    ("Map<String, Integer>", [["a", 1]], {"a": 2}),
    ("Map<String, Integer>", [["a", 1]], {"a": 1, "b": 1}),
    ("Map<String, Integer>", ["ordered", ["a", 1], ["b", 2]], {"b": 2, "a": 1}),
    ("Map<Integer, Integer>", [[1, 1]], {True: 1}),
    ("Object", {"int": 1}, 1.0),
    ("Object", {"boolean": True}, 1),
    ("Object", {"string": "1"}, 1),
    ("int", 5, Opaque("E")),
    ("List<Integer>", [], Opaque("E")),
]


@pytest.mark.parametrize(("type", "expected", "actual"), SAME, ids=range(len(SAME)))
def test_the_same(type: str, expected: Any, actual: Any) -> None:
    assert same(expected, actual, declared(type)) is None


@pytest.mark.parametrize(("type", "expected", "actual"), OTHER, ids=range(len(OTHER)))
def test_not_the_same(type: str, expected: Any, actual: Any) -> None:
    why = same(expected, actual, declared(type))
    assert why
    assert len(why) < 1000


def test_doubles_are_the_same_within_four_units_in_the_last_place() -> None:
    near = far = 3.0
    for _ in range(4):
        near = math.nextafter(near, 9)
    far = math.nextafter(near, 9)
    assert same(3.0, near, declared("double")) is None
    assert same(3.0, far, declared("double"))


@pytest.mark.parametrize(("type", "value"), [(t, v) for t, v, _ in SAME if t not in ("void", "Object")])
def test_a_value_survives_python_and_back(type: str, value: Any) -> None:
    made = to_python(value, declared(type))
    assert same(from_python(made, declared(type)), made, declared(type)) is None
    assert same(value, made, declared(type)) is None


def test_every_copy_is_new_all_through() -> None:
    value = [[1], [2]]
    one, other = (to_python(value, declared("int[][]")) for _ in range(2))
    one[0].append(5)
    assert other == [[1], [2]] == value
