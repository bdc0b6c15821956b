"""The parser's side: signatures, refusals, literals, and changes of the source that keep lines and meaning."""

from __future__ import annotations

import pytest

from verirl_tasks.java2py.java import JavaError, edit, hide_names, instrument, parse, strip_comments

SOURCE = """import java.util.*;

public class Solution {
    // 7 is no literal here
    static int[] rows(List<Map<String, Integer>> a, final char c, long... more) { return new int[] {0x1F, -5}; }
    double half(Double x) { if (x == null) return 0.25; for (String s : new String[] {"a\\n"}) if (s == null) return 1; return x; }
    int twice(int a) { return a; }
    int twice(long a) { return 2; }
    <T> T any(T a) { return a; }
    void stream(java.io.InputStream in) { }
    static class Inner { static int g(int[][] m, String[] names) { for (String n : names) if (n == null) return 1; return 'x'; } }
}
"""


def test_signatures_are_read_from_the_source() -> None:
    method = parse(SOURCE).method("rows")
    assert method.signature == "static int[] rows(List<Map<String, Integer>> a, char c, long[] more)"
    assert method.class_name == "Solution"
    assert parse(SOURCE).method("g").class_name == "Solution$Inner"
    assert [str(type) for type in parse(SOURCE).method("Inner.g").params] == ["int[][]", "String[]"]


def test_null_is_passed_where_the_method_compares_with_it() -> None:
    assert parse(SOURCE).method("half").handles_null == {0}
    assert parse(SOURCE).method("rows").handles_null == set()
    assert parse(SOURCE).method("g").null_elements == {1}


def test_literals_are_what_the_source_compares_with() -> None:
    literals = parse(SOURCE).literals
    assert {31, -5} <= set(literals.integers)
    assert 7 not in literals.integers
    assert literals.strings == ("a\n",)
    assert literals.chars == ("x",)
    assert 0.25 in literals.floats


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing", "has no method 'missing'; it has: rows, half, twice, any, stream, g"),
        ("twice", "has 2 methods 'twice' (Solution: int twice(int a); Solution: int twice(long a)); rename"),
        ("any", "type parameters <T> are not supported"),
        ("stream", "the type java.io.InputStream of parameter in is not supported"),
    ],
)
def test_a_method_that_cannot_be_used_is_refused_in_one_sentence(name: str, said: str) -> None:
    with pytest.raises(JavaError) as raised:
        parse(SOURCE).method(name)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("class A { A(int n) {} int f(int a) { return a; } }", "A has no constructor without arguments"),
        ("abstract class A { int f(int a) { return a; } }", "A is abstract"),
        ("class A { class B { int f(int a) { return a; } } }", "B is an inner class"),
        ("interface A { int f(int a); }", "has no body"),
        ("class A { static int f(int[][][][] a) { return 0; } }", "more than 3 dimensions"),
        ("class A { static int f(Optional<Integer> a) { return 0; } }", "supported for results alone"),
        ("class A { static int f(Map<String, Runnable> a) { return 0; } }", "the type Runnable"),
    ],
)
def test_what_cannot_be_called_says_why(source: str, said: str) -> None:
    with pytest.raises(JavaError) as raised:
        parse(source).method("f")
    assert said in str(raised.value)


def test_the_instrumented_source_keeps_its_lines() -> None:
    source = "package a.b;\npublic class A {\n int f(int n) {\n  while (n > 3)\n   n--;\n  return n;\n }\n}\n"
    found = instrument(source, "p1")
    assert found.count("\n") == source.count("\n")
    assert found.startswith("package p1; ")
    assert "public" not in found.split("{")[0]
    assert found.split("\n")[4].strip() == "{ verirl.Fuel.at(0); n--; }"
    assert "verirl" not in instrument(source, "p1", counting=False)


def test_edits_apply_by_bytes() -> None:
    assert edit("é = 1", [(0, 2, "x"), (5, 6, "23")]) == "x = 23"


def test_comments_go_and_nothing_else() -> None:
    source = 'class A {\n  /** says\n   * all */\n  String s = "// no"; // yes\n\n  int n /* here */ = 1;\n}'
    assert strip_comments(source) == 'class A {\n  String s = "// no";\n\n  int n   = 1;\n}'


def test_hidden_names_are_those_that_the_source_gives() -> None:
    source = (
        "class Bank { int total; static int fee(int amount) { return amount / 10; }\n"
        " int payOut(List<String> items, int v0) { total += fee(v0) + items.size() + this.total; return total; } }"
    )
    hidden, method = hide_names(source, "payOut")
    assert method == "f"
    for word in ("Bank", "total", "fee", "amount", "payOut", "items"):
        assert word not in hidden
    assert ".size()" in hidden
    assert "String" in hidden
