"""Variations of the java2py corpus: names, constants and compositions change in both languages, and splits stay apart."""

from __future__ import annotations

import ast
import dataclasses
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from verirl.errors import DataError
from verirl.types import SPLITS
from verirl_sandbox import Sandbox, backends
from verirl_tasks.java2py import corpus, vary
from verirl_tasks.java2py.compose import Part, compose
from verirl_tasks.java2py.corpus import Entry
from verirl_tasks.java2py.java import parse
from verirl_tasks.java2py.rewrite import Pair, constants, nameable, rewrite
from verirl_tasks.java2py.similar import ENOUGH, NEAR, likeness, near_duplicates, shape, splits

ENTRIES = corpus.entries()
SPLIT = splits(ENTRIES)
BY_NAME = {entry.name: entry for entry in ENTRIES}

PAIR = Pair(
    """
import java.util.List;

class Solution {
    private int length;
    record Point(int x, int y) {}

    static int twice(int size) {
        return size * 2;
    }

    int measure(List<String> names, int size) {
        int total = names.size() + twice(size);
        for (String name : names) {
            total += name.length() + 7;
        }
        String text = new Point(total, 5) + ":" + "size 7";
        return text.length();
    }
}
""",
    """
def twice(size):
    return size * 2


def measure(names, size):
    total = len(names) + twice(size)
    for name in names:
        total += len(name) + 7
    text = f"Point[x={total}, y={5}]" + ":" + "size 7"
    return len(text)  # size
""",
)


def test_names_change_in_both_languages() -> None:
    new = rewrite(PAIR, {"measure": "weigh", "size": "heavyLoad", "total": "sum2", "twice": "doubled", "name": "word"})
    assert "int weigh(List<String> names, int heavyLoad)" in new.java
    assert "int sum2 = names.size() + doubled(heavyLoad);" in new.java, "the library's size() keeps its name"
    assert "sum2 += word.length() + 7;" in new.java
    assert 'new Point(sum2, 5) + ":" + "size 7"' in new.java
    assert (
        "def weigh(names, heavyLoad):\n    sum2 = len(names) + doubled(heavyLoad)\n    for word in names:" in new.python
    )
    assert 'f"Point[x={sum2}, y={5}]"' in new.python
    assert '"size 7"' in new.python and "return len(text)  # size" in new.python, "text and comments stay"


def test_snake_case_spellings_change_too() -> None:
    pair = Pair(
        "class Solution { static int f(int rowCount) { return rowCount; } }",
        "def f(row_count):\n    return row_count\n",
    )
    new = rewrite(pair, {"rowCount": "openGate"})
    assert new.java == "class Solution { static int f(int openGate) { return openGate; } }"
    assert new.python == "def f(open_gate):\n    return open_gate\n"


def test_what_others_may_rely_on_keeps_its_name() -> None:
    names = nameable(PAIR)
    assert names.variables == ("name", "names", "size", "text", "total"), "no record components, no field `length`"
    assert names.methods == ("measure", "twice")
    assert names.classes == (), "a record prints its name, and Solution is the class that is called"
    source = """
class Solution {
    enum Mode { ON, OFF }
    static class Node { int key; int get() { return key; } @Override public String toString() { return "n"; } }
    static int run(Node node, Mode mode) { return mode == Mode.ON ? node.get() : node.key; }
}
"""
    names = nameable(Pair(source, "def run(node, mode):\n    return node.key\n"))
    assert names.methods == ("run",), "get() could be the library's"
    assert names.classes == ("Mode", "Node") and names.variables == ("key", "mode", "node")


def test_attributes_of_python_classes() -> None:
    java = "class Box { int held; int count; } class Solution { static int f(int held) { return held; } }"
    python = """
class Box:
    def __init__(self, held):
        self.held = held
        self.count = [held].count(held)


def f(held):
    return Box(held).held
"""
    new = rewrite(Pair(java, python), {"held": "kept", "count": "tally", "Box": "Crate"}).python
    assert "self.kept = kept" in new and "return Crate(kept).kept" in new
    assert "self.count = [kept].count(kept)" in new, "a list's count() and this one cannot be told apart"


def test_constants_change_in_both_languages_and_can_change_places() -> None:
    pair = Pair(
        """class Solution { static String f(long a) { return a > 100L ? "big one," + 'x' : a < 30 ? "say \\"no\\"" : "" + 1.5; } }""",
        """def f(a):\n    return "big one," + 'x' if a > 100 else 'say "no"' if a < 30 else f"{1.5}"\n""",
    )
    found = constants(pair)
    assert (found.integers, found.floats) == ((30, 100), (1.5,))
    assert set(found.texts) == {"big one,", "x", 'say "no"'}
    new = rewrite(
        pair, {}, [(100, 30), (30, 100), (1.5, 2.25), ("x", "'"), ('say "no"', 'tell "é\\"'), ("big one,", "red one,")]
    )
    assert """a > 30L ? "red one," + '\\'' : a < 100 ? "tell \\"\\u00e9\\\\\\"" : "" + 2.25""" in new.java
    assert '"red one," + "\'" if a > 30 else' in new.python and "if a < 100 else" in new.python
    assert "2.25" in new.python
    assert ast.literal_eval('"' + 'tell \\"é\\\\\\"' + '"') in ast.unparse(ast.parse(new.python)).replace("\\\\", "\\")


def test_integers_floats_and_booleans_are_told_apart() -> None:
    pair = Pair("class Solution { static double f() { return 3 + 3.0; } }", "def f():\n    return 3 + 3.0 + True\n")
    assert rewrite(pair, {}, [(3, 9)]) == Pair(
        "class Solution { static double f() { return 9 + 3.0; } }", "def f():\n    return 9 + 3.0 + True\n"
    )
    assert "return 9 + 2.5;" in rewrite(pair, {}, [(3, 9), (3.0, 2.5)]).java


# --------------------------------------------------------------------------------------------------------- composition


def test_methods_are_composed_in_both_languages() -> None:
    first = Part(
        Pair(
            "import java.util.*;\nclass Tool { }\nclass Solution { static int f(List<Integer> from, int k) { return k; } }",
            "import math\n\n\ndef helper(n):\n    return n\n\n\ndef f(values, k):\n    return helper(k)\n",
        ),
        "f",
    )
    second = Part(
        Pair(
            "import java.util.List;\nclass Tool { }\nclass Solution { List<Integer> g(String s) { return null; } }",
            "import math\n\n\ndef helper(n):\n    return -n\n\n\ndef g(s):\n    return [helper(1)]\n",
        ),
        "g",
    )
    made = compose("chain", first, second)
    assert made is not None and made.method == "fOfG"
    assert "static int fOfG(int k, String s)" in made.pair.java
    assert "List<Integer> found = new GPart().g(s);\n        return FPart.f(found, k);" in made.pair.java
    assert sorted(line for line in made.pair.java.splitlines() if line.startswith("import")) == [
        "import java.util.*;",
        "import java.util.List;",
    ]
    assert "class Tool { }" in made.pair.java and "class Tool2 { }" in made.pair.java
    assert made.pair.python.count("import math") == 1
    assert "def helper_2(n):\n    return -n" in made.pair.python and "return [helper_2(1)]" in made.pair.python
    assert made.pair.python.endswith("def fOfG(k, s):\n    found = g(s)\n    return f(found, k)\n")
    assert compose("both", first, second) is None, "an int and a list are not put together"
    assert compose("guard", first, second) is None and compose("after", first, second) is None


def test_a_name_that_python_reserves_is_no_parameter() -> None:
    part = Part(
        Pair("class Solution { static int f(int from) { return from; } }", "def f(start):\n    return start\n"), "f"
    )
    other = Part(Pair("class Solution { static int g(int max) { return max; } }", "def g(n):\n    return n\n"), "g")
    made = compose("both", part, other)
    assert made is not None
    ast.parse(made.pair.python)
    assert "max(f(" in made.pair.python and "maxGiven" not in made.pair.python.partition("max(f(")[0].partition("(")[0]


# ------------------------------------------------------------------------------------------------ near-duplicates, splits


def test_likeness() -> None:
    one = """class Solution { static int f(int[] xs) { int sum = 0; for (int x : xs) { if (x > 3) { sum += x; } } return sum; } }"""
    same = """// another
    class Solution { static int total(int[] prices) {
        int all = 10; for (int price : prices) { if (price > 99) { all += price; } } return all; } }"""
    near = same.replace("all += price;", "all += price; all -= 2;")
    other = (
        """class Solution { static String g(String s) { return s.isEmpty() ? "none" : s.trim() + s.toUpperCase(); } }"""
    )
    assert likeness(shape(one), shape(same)) == 1
    assert NEAR <= likeness(shape(one), shape(near)) < 1
    assert likeness(shape(one), shape(other)) < 0.1
    assert likeness(shape(one), shape(one.replace("x > 3", "x < 3"))) < 1


def test_no_near_duplicates_cross_the_splits() -> None:
    pairs = near_duplicates(ENTRIES)
    assert [(one, other) for one, other, _ in pairs if SPLIT[one] != SPLIT[other]] == []
    copies = [
        dataclasses.replace(entry, name=f"{entry.name}_copy", java=vary.make(f"rename/{entry.name}/0", BY_NAME).java)  # type: ignore[union-attr]
        for entry in ENTRIES[:40]
    ]
    found = splits([*ENTRIES, *copies], seed=3)
    assert all(found[f"{entry.name}_copy"] == found[entry.name] for entry in ENTRIES[:40])
    assert len(near_duplicates([*ENTRIES[:40], *copies])) >= 40


def test_every_tag_and_level_is_in_every_split() -> None:
    where = defaultdict(Counter[str])
    for entry in ENTRIES:
        for label in (f"level {entry.level}", *entry.tags):
            where[label][SPLIT[entry.name]] += 1
    assert {f"level {level}" for level in (1, 2, 3, 4)} <= where.keys()
    for label, found in where.items():
        assert found.total() < ENOUGH or set(found) == set(SPLITS), f"{label} is in {dict(found)} alone"
    sizes = Counter(SPLIT.values())
    assert sizes["train"] > sizes["test"] > sizes["validation"] > len(ENTRIES) // 10


def test_splits_depend_on_the_seed_and_not_on_the_order() -> None:
    assert splits(ENTRIES[::-1]) == SPLIT
    assert splits(ENTRIES, seed=1) != SPLIT


# ------------------------------------------------------------------------------------------------------------- variants


def test_variants_are_distinct_well_formed_and_the_same_for_a_seed() -> None:
    found = vary.variants(ENTRIES, SPLIT, 150, seed=5)
    assert found == vary.variants(ENTRIES[::-1], SPLIT, 150, seed=5)
    assert found != vary.variants(ENTRIES, SPLIT, 150, seed=6)
    assert len({variant.java for variant in found} | {entry.java for entry in ENTRIES}) == 150 + len(ENTRIES)
    assert {variant.name.partition("/")[0] for variant in found} >= {"rename", "constants", "chain", "both", "guard"}
    for variant in found:
        source = parse(variant.java)
        assert not source.broken, variant.name
        assert source.method(variant.method).name == variant.method
        functions = [node.name for node in ast.parse(variant.python).body if isinstance(node, ast.FunctionDef)]
        assert variant.method in functions, variant.name
        assert variant.method not in {BY_NAME[parent].method for parent in variant.parents}
        assert len({SPLIT[parent] for parent in variant.parents}) == 1
        if variant.name.startswith(("rename", "constants")):
            parent = BY_NAME[variant.parents[0]]
            assert likeness(shape(variant.java), shape(parent.java)) == 1, "a variant keeps its parent's shape"
            assert (variant.level, variant.tags) == (parent.level, parent.tags)


def test_training_variants_are_unlike_what_is_held_out() -> None:
    held = [shape(entry.java) for entry in ENTRIES if SPLIT[entry.name] != "train"]
    for variant in vary.variants(ENTRIES, SPLIT, 60, seed=2, only=("train",)):
        assert max(likeness(shape(variant.java), other) for other in held) < NEAR, variant.name


def test_there_are_thousands() -> None:
    names = list(islice(vary.recipes(ENTRIES, SPLIT, only=("train",)), 20_000))
    assert len(set(names)) == 20_000
    assert {SPLIT[parent] for name in names for parent in name.split("/")[1:-1]} == {"train"}


def test_recipes_that_are_none() -> None:
    with pytest.raises(DataError, match="is no recipe"):
        vary.make("shuffle/shout/0", BY_NAME)
    with pytest.raises(DataError, match="is no recipe"):
        vary.make("chain/shout/0", BY_NAME)
    with pytest.raises(DataError, match="'nothing', which there is not"):
        vary.make("rename/nothing/0", BY_NAME)
    assert vary.make("constants/shout/0", {"shout": Entry("shout", "f", 1, (), "class Solution { int f() { return 1; } }", "")}) is None  # fmt: skip
    assert list(vary.recipes([], {})) == []
    fixed = Entry("on", "run", 1, (), "class A { int run() { return 1; } }", "def run():\n    return 1\n")
    assert vary.variants([fixed], {"on": "train"}, 5) == [], "nothing of it can be changed: its class is not Solution"


# ------------------------------------------------------------------------------------------------------------ verifying


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    if shutil.which("javac") is None:
        pytest.skip("needs a JDK")
    for name in ("namespaces", "landlock"):
        if not backends.problem(name):
            with Sandbox(1, backend=name) as made:
                yield made
            return
    pytest.skip("no sandbox works here")


def test_only_those_whose_reference_passes_count(sandbox: Sandbox) -> None:
    names = ["constants/ticket_price/0", "chain/shout/greet_user/1"]
    good = [found for name in names if (found := vary.make(name, BY_NAME))]
    wrong = dataclasses.replace(good[0], name="wrong", python=good[0].python.replace(" < ", " <= "))
    broken = dataclasses.replace(good[0], name="broken", java=good[0].java.replace("int ", "string "))
    dull = dataclasses.replace(
        good[0],
        name="dull",
        method="f",
        java="class Solution { static int f(int a) { return 4; } }",
        python="def f(a):\n    return 4\n",
    )
    tricky = dataclasses.replace(
        good[0],
        name="tricky",
        method="f",
        java="class Solution { static int f(int a) { return a; } }",
        python="import os\n\n\ndef f(a):\n    return a\n",
    )
    found = vary.verify([wrong, *good, broken, dull, tricky], sandbox, inputs=40)
    assert [variant.name for variant in found] == names


def test_a_list_is_written_and_read(sandbox: Sandbox, tmp_path: Path) -> None:
    few = [BY_NAME[name] for name in ("shout", "greet_user", "ticket_price")]
    path = tmp_path / "variants.txt"
    tried = vary.write(few, dict.fromkeys(BY_NAME, "train"), 8, sandbox, path)
    assert tried >= 8
    found = vary.verified(few, path)
    assert len({variant.java for variant in found}) == 8
    assert [v.name for v in vary.verified(few, path, count=5)] == [v.name for v in found[:5]]
    for changed in few:  # what was made from an entry that is no longer the same does not count
        others = [dataclasses.replace(e, python=e.python + "\n") if e is changed else e for e in few]
        left = [v.name for v in found if changed.name not in v.parents]
        assert [v.name for v in vary.verified(others, path)] == left
        assert [v.name for v in vary.verified(few, path, only=[e.name for e in few if e is not changed])] == left


def test_a_list_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "variants.txt"
    assert vary.verified(ENTRIES, path) == []
    path.write_text("# a comment\nrename shout 0\n")
    with pytest.raises(DataError, match=r"variants\.txt, line 2: expected a recipe"):
        vary.verified(ENTRIES, path)


def test_the_list_in_the_project_is_of_this_corpus() -> None:
    """Where this fails, much of the corpus has changed: write the list anew (`python -m verirl_tasks.java2py.vary 3000`)."""
    listed = [line for line in vary.KNOWN.read_text(encoding="utf-8").splitlines() if "/" in line]
    assert len(listed) >= 2000 and len(set(listed)) == len(listed)
    found = vary.verified(ENTRIES, count=200)
    assert len(found) == 200 and {variant.level for variant in found} == {1, 2, 3, 4}
    stale = {parent for name in listed for parent in name.split("/")[1:-1]} - {
        line.split()[1]
        for line in vary.KNOWN.read_text(encoding="utf-8").splitlines()
        if line.startswith("entry ") and vary.digest(BY_NAME[line.split()[1]]) == line.split()[2]
    }
    assert len(stale) <= len(ENTRIES) // 10, f"changed since: {sorted(stale)}"
    assert {SPLIT[parent] for name in listed for parent in name.split("/")[1:-1]} == {"train"}
    assert {variant.level for variant in found} == {1, 2, 3, 4}
