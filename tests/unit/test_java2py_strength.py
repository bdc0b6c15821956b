"""Mutants, what kills them, and that every draw holds it."""

from __future__ import annotations

import ast
import dataclasses
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from verirl_sandbox import Sandbox, backends
from verirl_tasks.java2py import corpus, strength
from verirl_tasks.java2py.java import parse
from verirl_tasks.java2py.judge import choose, stub_passes
from verirl_tasks.java2py.mutate import java_mutants, python_mutants, stubs
from verirl_tasks.java2py.oracle import Oracle, Record, Recording, Wanted

needs_java = pytest.mark.skipif(
    shutil.which("javac") is None or backends.problem("namespaces") is not None, reason="needs a JDK and bubblewrap"
)
LEAP = """class Solution {
    static boolean leap(int year) {
        if (year % 4 != 0) return false;
        return year % 100 != 0 || year % 400 == 0;
    }
}
"""


def test_java_mutants_change_one_place_and_are_the_same_every_time() -> None:
    found = java_mutants(LEAP, 1000)
    assert found == java_mutants(LEAP, 1000)
    assert len({mutant.source for mutant in found}) == len(found)
    assert {"operator", "constant", "condition", "result", "translation"} <= {mutant.kind for mutant in found}
    assert any("return year % 100 != 0 && year % 400 == 0;" in mutant.source for mutant in found)
    assert any("Math.floorMod(year, 4)" in mutant.source for mutant in found)
    assert all(mutant.source.count("\n") == LEAP.count("\n") and mutant.source != LEAP for mutant in found)
    assert set(java_mutants(LEAP, 12)) <= set(found) and len(java_mutants(LEAP, 12)) == 12


def test_mutants_of_loops_calls_casts_and_switches() -> None:
    java = """class Solution {
    static int f(int[] a, String s, long big) {
        int total = 0;
        for (int i = 0; i < a.length; i++) total += a[i];
        switch (total) { case 1: total++; break; default: total = Math.max(total, 3); }
        return total + (int) big + s.substring(1, 2).length();
    }
}
"""
    sources = " ".join(mutant.source for mutant in java_mutants(java, 1000))
    for made in (
        "i < (a.length) - 1",
        "a[(i) + 1]",
        "a[(i) < 0 ? (i) + a.length : (i)]",
        "total -= a[i]",
        "case 1: total++; ; default",
        "Math.max(3, total)",
        "Math.min(total, 3)",
        "Math.toIntExact(big)",
        "+ (big) +",
        "s.substring((1) - 1, 2)",
        "Math.multiplyExact",
    ):
        assert (made in sources) == (made != "Math.multiplyExact"), made


def test_python_mutants_parse_and_differ() -> None:
    code = "def f(a, b):\n    n = 0\n    if a < b:\n        n += max(a, 3)\n    return n\n"
    found = [mutant.source for mutant in python_mutants(code, 1000)]
    assert len(set(found)) == len(found) > 10
    for made in found:
        ast.parse(made)
        assert made != ast.unparse(ast.parse(code))
    assert any("a <= b" in made for made in found) and any("max(3, a)" in made for made in found)
    assert any("n -= max(a, 3)" in made for made in found) and any("return None" in made for made in found)
    assert code == "def f(a, b):\n    n = 0\n    if a < b:\n        n += max(a, 3)\n    return n\n"


def test_stubs_are_python_that_defines_the_method() -> None:
    found = stubs(parse(LEAP).method("leap"), [True, False, False])
    assert {"nothing", "echo", "argument 0", "frequent false"} <= {stub.what for stub in found}
    for stub in found:
        assert isinstance(ast.parse(stub.source).body[0], ast.FunctionDef)


def made_recording(count: int, killers: list[list[int]]) -> Recording:
    records = [Record([year], None, year % 4 == 0, None, 1, 1) for year in range(count)]
    found = Recording.of(parse(LEAP).method("leap"), records, {})
    return dataclasses.replace(found, killers=killers)


def test_every_draw_holds_a_killer_of_every_mutant_and_not_always_the_same() -> None:
    rng = random.Random(3)
    killers = sorted((rng.sample(range(1000), rng.randint(1, 8)) for _ in range(20)), key=len)
    found = made_recording(1000, killers)
    draws = [choose(found, f"response {number}", 50) for number in range(30)]
    for draw in draws:
        assert len(set(draw)) == 50
        assert all(set(draw) & set(some) for some in killers)
    assert choose(found, "response 0", 200)[:50] == draws[0], "fewer are the first of more"
    several = next(some for some in killers if len(some) >= 6)
    assert len({next(index for index in several if index in draw) for draw in draws}) > 2
    assert choose(made_recording(3, [[0], [1], [2]]), "x", 2) == choose(made_recording(3, [[0], [1], [2]]), "x", 2)


def test_stubs_do_not_pass_a_draw_with_two_results() -> None:
    found = made_recording(100, [])
    assert not stub_passes(found, choose(found, "x", 50))
    assert stub_passes(found, [index for index in range(100) if index % 4 == 0])


def test_fingerprints_ignore_the_order_of_sets_and_maps_alone() -> None:
    head = "import java.util.*; class S { static int f(%s x) { return 0; } }"
    as_set, as_map, as_list = (
        parse(head % type).method("f") for type in ("Set<Integer>", "Map<String, Integer>", "List<Integer>")
    )
    assert strength.fingerprint([[1, 2]], as_set) == strength.fingerprint([[2, 1]], as_set)
    assert strength.fingerprint([[["a", 1], ["b", 2]]], as_map) == strength.fingerprint([[["b", 2], ["a", 1]]], as_map)
    assert strength.fingerprint([[1, 2]], as_list) != strength.fingerprint([[2, 1]], as_list)


def test_the_table_is_of_the_corpus_as_it_is() -> None:
    table, entries = strength.table(), corpus.entries()
    known = [entry for entry in entries if strength.content(entry.java, entry.method) in table]
    stale = sorted({entry.name for entry in entries} - {entry.name for entry in known})
    assert len(table) == len(known), "entries of methods that have changed: run python -m verirl_tasks.java2py --write"
    assert not stale, f"run python -m verirl_tasks.java2py --write {' '.join(stale)}"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(1) as made:
        yield made


@needs_java
def test_strength_is_measured_and_kept(sandbox: Sandbox, tmp_path: Path) -> None:
    oracle = Oracle(pool=150, folder=tmp_path)
    item = Wanted(LEAP, "leap", "training")
    oracle.prepare([item], sandbox)
    assert strength.find(item, oracle) is None
    strength.prepare([item], oracle, sandbox, compute=True)
    found = strength.find(item, oracle)
    assert found is not None and found.strong and found.mutants > 15
    assert 0 < found.equivalent < found.mutants / 2, "Math.floorMod of 4 is 0 where % is"
    recording, plain = strength.load(item, oracle), oracle.load(*item)
    assert recording is not None and plain is not None and recording.killers
    assert len(recording.records) >= len(plain.records)
    for number in range(20):  # the rule of 400, which few years show
        draw = choose(recording, f"response {number}", 50)
        years = [recording.records[index].args[0] for index in draw]
        assert any(year % 400 == 0 for year in years) and any(year % 100 == 0 and year % 400 for year in years)


@needs_java
def test_a_mutant_that_only_other_inputs_kill_brings_them_in(sandbox: Sandbox, tmp_path: Path) -> None:
    """A pool of 20 is too small for the mutants of several constants."""
    oracle = Oracle(pool=20, folder=tmp_path)
    java = "class S { static int f(int a, int b) { return a == 417 && b > 93 ? 1 : b == 5 && a < 60 ? 2 : 3; } }"
    item = Wanted(java, "f", "evaluation")
    oracle.prepare([item], sandbox)
    (found,) = strength.measure([item], oracle, sandbox)
    assert found is not None and found.before < 1 and found.added
    assert found.rate > found.before
