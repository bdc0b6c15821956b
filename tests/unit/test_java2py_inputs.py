"""The generator: seeded, typed, boundaries first, biased by the source's constants."""

from __future__ import annotations

import json
import math
import unicodedata
from typing import Any

import pytest

from verirl_tasks.java2py.inputs import ASTRAL, BMP, generate
from verirl_tasks.java2py.java import Method, parse
from verirl_tasks.java2py.types import JavaType, to_python


def method(parameters: str, body: str = "return 0;") -> Method:
    return parse(f"class A {{ static int f({parameters}) {{ {body} }} }}").method("f")


TYPES = [
    "int",
    "long",
    "short",
    "byte",
    "char",
    "boolean",
    "float",
    "double",
    "String",
    "Integer",
    "Object",
    "int[]",
    "int[][]",
    "char[]",
    "String[]",
    "List<Integer>",
    "List<List<String>>",
    "Set<Integer>",
    "TreeSet<String>",
    "Map<String,Integer>",
    "Map<Character,List<Double>>",
    "Set<List<Integer>>",
    "HashMap<Object,Object>",
]


@pytest.mark.parametrize("type", TYPES)
def test_the_same_seed_makes_the_same_inputs_and_all_are_different(type: str) -> None:
    made = generate(method(f"{type} a"), 150, 1)
    assert made == generate(method(f"{type} a"), 150, 1)
    assert len({json.dumps(args) for args in made}) == len(made)
    assert len(made) == 2 if type == "boolean" else len(made) > 100
    if type != "boolean":
        assert made != generate(method(f"{type} a"), 150, 2)


@pytest.mark.parametrize("type", TYPES)
def test_values_are_of_their_type(type: str) -> None:
    declared = method(f"{type} a").params[0]
    for (value,) in generate(method(f"{type} a"), 300, 3):
        check(to_python(value, declared), declared)


def check(value: Any, type: JavaType) -> None:
    bits = {"byte": 8, "short": 16, "int": 32, "long": 64}.get(type.kind)
    if bits:
        assert isinstance(value, int)
        assert -(1 << bits - 1) <= value < 1 << bits - 1
    elif type.kind in ("float", "double"):
        assert isinstance(value, float)
        if type.kind == "float" and math.isfinite(value):
            import struct

            assert struct.unpack("f", struct.pack("f", value))[0] == value
    elif type.kind == "char":
        assert len(value.encode("utf-16-le", "surrogatepass")) == 2
    elif type.kind in ("list", "array"):
        assert isinstance(value, (list, tuple))
        for item in value:
            check(item, type.args[0])
    elif type.kind == "set":
        assert isinstance(value, set)
        for item in value:
            check(item, type.args[0])
    elif type.kind == "map":
        assert isinstance(value, dict)
        for key, item in value.items():
            check(key, type.args[0])
            check(item, type.args[1])


@pytest.mark.parametrize(
    ("type", "wanted"),
    [
        ("int", [0, -1, 2**31 - 1, -(2**31)]),
        ("long", [0, -1, 2**63 - 1, -(2**63)]),
        ("double", [0.0, "NaN", "Infinity", "-Infinity", 5e-324, 2.675]),
        ("String", ["", "a", ASTRAL[0], "\ud83d", "é"]),
        ("List<Integer>", [[], [0], [-1]]),
        ("char", ["a", "Z", "0", "\ud83d", "\uffff"]),
    ],
)
def test_boundaries_come_first(type: str, wanted: list[Any]) -> None:
    first = [args[0] for args in generate(method(f"{type} a"), 400, 5)[:140]]
    assert all(value in first for value in wanted)


def test_negative_zero_is_an_input() -> None:
    found = [args[0] for args in generate(method("double a"), 100, 5)]
    assert any(value == 0 and math.copysign(1, value) < 0 for value in found if not isinstance(value, str))


def test_constants_of_the_source_come_often_with_their_neighbours() -> None:
    made = [args[0] for args in generate(method("int a", "return a < 4711 ? 0 : 1;"), 200, 1)]
    assert {4710, 4711, 4712} <= set(made)
    words = [args[0] for args in generate(method("String a", 'return a.indexOf("kiwi");'), 200, 1)]
    assert sum("kiwi" in word for word in words) >= 10


def test_null_is_passed_only_where_it_is_handled() -> None:
    made = generate(method("String a, String b", "return a == null ? 0 : b.length();"), 200, 1)
    assert any(args[0] is None for args in made)
    assert not any(args[1] is None for args in made)


def test_arguments_fit_each_other() -> None:
    made = generate(method("List<Integer> a, int i"), 500, 1)
    assert sum(0 <= i < len(a) for a, i in made) > 100
    assert sum(i == len(a) for a, i in made) > 30
    texts = generate(method("String a, String b"), 500, 1)
    assert sum(bool(b) and b in a for a, b in texts) > 50


def test_tame_inputs_leave_out_what_the_languages_do_differently() -> None:
    made = generate(
        method("int a, double b, String c, List<Long> d", "return a == 2000000000 ? 0 : 1;"), 400, 1, "tame"
    )
    for a, b, c, d in made:
        assert abs(a) <= 10_001
        assert not isinstance(b, str)
        assert c.isascii()
        assert all(abs(item) <= 10_001 for item in d)


def test_text_is_of_letters_that_every_unicode_version_knows() -> None:
    old = unicodedata.ucd_3_2_0
    assert all(old.category(c) != "Cn" for c in BMP)
    assert all(unicodedata.category(c) != "Cn" for c in ASTRAL)
