"""Inputs like a data set's own examples."""

from __future__ import annotations

import json

from verirl_tasks.java2py.examples import generate_like, read
from verirl_tasks.java2py.java import parse

JAVA = "class A { static int f(List<Integer> a, int n, String s, double[] d, Map<String, Integer> m, Object o) { return 0; } }"
TESTS = """class Main { public static void main(String[] args) {
    check(A.f(Arrays.asList(1, -2, 0x10), 3, "a" + "b\\n", new double[] {.5, 2}, Map.of("k", 1), "x"));
    check(a.f(new ArrayList<>(List.of()), (int) 0, "c", new double[0], new HashMap<>() {{ put("z", -3); }}, List.of(1, 2.5)));
    int n = 4;
    check(A.f(null, n, "d", null, null, null));
} }"""


def test_constant_arguments_are_read_and_others_are_not() -> None:
    found = read(TESTS, parse(JAVA).method("f"))
    assert found == [
        [[1, -2, 16], 3, "ab\n", [0.5, 2.0], [["k", 1]], {"string": "x"}],
        [[], 0, "c", [], [["z", -3]], {"list": [{"int": 1}, {"double": 2.5}]}],
    ]


def test_what_all_examples_share_is_kept() -> None:
    method = parse("class A { static int f(int[] a, int n, String s, int low, int high) { return 0; } }").method("f")
    examples = [
        [[1, 4, 9], 3, "three one", 2, 5],
        [[2, 7], 2, "one three two", 3, 9],
        [[5, 6, 8, 11], 4, "two two one", 1, 1],
    ]
    made = generate_like(method, examples, 200, 1)
    assert made == generate_like(method, examples, 200, 1)
    assert made[:3] == examples
    assert len({json.dumps(args) for args in made}) == len(made) > 100
    for a, n, s, low, high in made:
        assert n == len(a)
        assert a == sorted(set(a))
        assert all(1 <= item <= 11 for item in a)
        assert set(s.split()) <= {"one", "two", "three"}
        assert low <= high
