"""The task as a whole: verdicts, drawing, the dense reward, data sets."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from verirl.errors import DataError
from verirl.types import SPLITS, Problem, Status
from verirl_sandbox import Sandbox, backends
from verirl_tasks.java2py import Java2PyConfig, Java2PyTask, corpus
from verirl_tasks.java2py.cases import OTHERS, PAIRS
from verirl_tasks.java2py.judge import choose
from verirl_tasks.java2py.oracle import Wanted
from verirl_tasks.java2py.prompt import answer

needs_java = pytest.mark.skipif(
    shutil.which("javac") is None or backends.problem("namespaces") is not None, reason="needs a JDK and bubblewrap"
)


@pytest.fixture(scope="module")
def tools() -> Iterator[Any]:
    with Sandbox(1) as made:
        yield SimpleNamespace(sandbox=made)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERIRL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def task(**config: Any) -> Java2PyTask:
    return Java2PyTask(Java2PyConfig.model_validate({"pool": 200, **config}))


def problem(java: str, method: str = "f", split: str = "test") -> Problem:
    return Problem(id="p", prompt=[], data={"java": java, "method": method}, split=split)  # type: ignore[arg-type]


@needs_java
def test_every_case_gets_the_verdict_that_it_should(tools: Any) -> None:
    made = task(cpu_seconds=1)
    cases = list(made.cases())
    made.prepare([case.problem for case in cases], tools)
    found = {case.problem.id: made.verify(case.problem, case.response, tools) for case in cases}
    wrong = {
        case.problem.id: found[case.problem.id] for case in cases if found[case.problem.id].status != case.expected
    }
    assert not wrong
    for verdict in found.values():
        assert verdict.reward == float(verdict.status is Status.CORRECT)
        assert verdict.reason or verdict.status is Status.CORRECT
    assert len(found) == 2 * len(PAIRS) + len(OTHERS)


def test_every_tag_has_a_wrong_translation() -> None:
    assert {pair.tag for pair in PAIRS} == set(corpus.TAGS)


BAD = [
    ({"java": "class A { static int f(int a) { return b; } }", "method": "f"}, "line 1: cannot find symbol"),
    ({"java": "class A { static int f(int a) { return a; } }", "method": "g"}, "no method 'g'; it has: f"),
    ({"java": "class A { static int f(Thread a) { return 1; } }", "method": "f"}, "the type Thread"),
    ({"java": "class A {}"}, "lack `java` or `method`"),
    ({"java": 5, "method": "f"}, "lack `java` or `method`"),
    ({"java": "class A { String s = \"\ud800\"; static int f(int a) { return 1; } }", "method": "f"}, "lone surrogate"),
]  # fmt: skip


@needs_java
def test_a_broken_problem_is_nobodys_fault(tools: Any) -> None:
    made = task()
    problems = [Problem(id=str(n), prompt=[], data=data, split="test") for n, (data, _) in enumerate(BAD)]
    made.prepare(problems, tools)
    for item, (_, said) in zip(problems, BAD, strict=True):
        verdict = made.verify(item, answer("def f(a): return 1"), tools)
        assert verdict.status is Status.INVALID_PROBLEM
        assert verdict.reward is None
        assert said in verdict.reason


BRANCHES = """class A { static int f(int a) {
    if (a < 0) return a - 5;
    if (a == 0) throw new IllegalArgumentException();
    return a % 2 == 0 ? 4 : a;
} }"""


@needs_java
def test_the_dense_reward_pays_for_classes_but_never_for_a_stub(tools: Any) -> None:
    dense, strict = task(reward="dense"), task()
    item = problem(BRANCHES)
    paid = {}
    for name, code in {
        "none": "def f(a): pass",
        "constant": "def f(a): return 4",
        "echo": "def f(a): return a",
        "raise": "def f(a): raise ValueError",
        "part": "def f(a):\n    if a < 0: return a - 5\n    return a",
        "most": "def f(a):\n    if a < 0: return a - 5\n    return a if a % 2 else 4",
        "all": "def f(a):\n    if a < 0: return (a - 5 + 2**31) % 2**32 - 2**31\n    if a == 0: raise ValueError\n    return a if a % 2 else 4",
    }.items():
        verdict = dense.verify(item, answer(code), tools)
        paid[name] = verdict.reward or 0.0
        assert verdict.status is (
            Status.CORRECT if name == "all" else Status.PARTIAL if paid[name] else Status.INCORRECT
        )
        assert strict.verify(item, answer(code), tools).reward == float(name == "all")
    assert paid["none"] == paid["constant"] == paid["echo"] == paid["raise"] == 0
    assert 0 < paid["part"] < paid["most"] < paid["all"] == 1


@needs_java
def test_what_is_asked_depends_on_problem_and_response_alone(tools: Any) -> None:
    made = task()
    item = problem("class A { static int f(int a) { return a; } }")
    recording = made._recording(Wanted(item.data["java"], "f", "evaluation"), tools)
    first = choose(recording, "x", 30)
    assert first == choose(recording, "x", 30) == choose(recording, "x", 60)[:30]
    assert first != choose(recording, "y", 30)
    assert len(set(first)) == 30
    assert sorted(choose(recording, "x", 10_000)) == list(range(len(recording.records)))


@needs_java
def test_training_and_audits_draw_from_different_pools(tools: Any) -> None:
    made = task()
    item = problem("class A { static int f(int a) { return a * 3; } }", split="train")
    made.prepare([item], tools)
    code = "def f(a): return (a * 3 + 2**31) % 2**32 - 2**31"
    assert made.verify(item, answer(code), tools).status is Status.CORRECT
    assert made.verify_strict(item, answer(code), tools).status is Status.CORRECT
    pools = [made._recording(Wanted(item.data["java"], "f", pool), tools) for pool in ("training", "evaluation")]
    asked = [{json.dumps(record.args) for record in pool.records} for pool in pools]
    assert len(asked[0] - asked[1]) > 50


@needs_java
def test_changes_of_arguments_count(tools: Any) -> None:
    item = problem("class A { static int f(int[] a) { if (a.length > 0) a[0] = 1; return a.length; } }")
    made = task()
    for code, expected in {
        "def f(a):\n    if a: a[0] = 1\n    return len(a)": Status.CORRECT,
        "def f(a):\n    return len(a)": Status.INCORRECT,
        "def f(a):\n    if a: a[0] = 1\n    a.append(0)\n    return len(a) - 1": Status.INCORRECT,
    }.items():
        assert made.verify(item, answer(code), tools).status is expected


# ---------------------------------------------------------------------------------------------------------- problems


def test_the_corpus_is_well_formed() -> None:
    found = {split: list(task().problems(split)) for split in SPLITS}
    names = [item.id for items in found.values() for item in items]
    assert len(set(names)) == len(names) >= 200
    assert all(found.values())
    for split, items in found.items():
        for item in items:
            assert item.split == split
            assert item.data["python"]
            assert "//" not in item.prompt[0]["content"].split("```")[1]
            assert item.data["method"] in item.prompt[0]["content"]
    tags = {tag for items in found.values() for item in items for tag in item.tags}
    assert tags == set(corpus.TAGS) | {f"level-{level}" for level in (1, 2, 3, 4)}
    assert {tag for tag in task(levels=[1]).problems("train")[0].tags if tag.startswith("level")} == {"level-1"}


def test_hidden_names_are_hidden_in_prompt_and_problem() -> None:
    shown, hidden = (task(hide_names=value).problems("test") for value in (False, True))
    renamed = 0
    for one, other in zip(shown, hidden, strict=True):
        old, new = one.data["method"], other.data["method"]
        assert one.id == other.id
        assert f"{new}(" in other.data["java"]
        assert f"`{new}`" in other.prompt[0]["content"]
        if new != old:  # one that the library calls, or in a source with records, keeps its name
            renamed += 1
            assert f"\n{new} = {old}\n" in other.data["python"]
            assert f" {old}(" not in other.prompt[0]["content"]
    assert renamed > 0.8 * len(shown)


def test_variations_are_trained_on_beside_the_corpus() -> None:
    made = task(variations=30)
    plain = task()
    assert len(made.problems("train")) == len(plain.problems("train")) + 30
    assert all("variation" in item.tags for item in made.problems("train")[-30:])
    for split in ("validation", "test"):
        assert made.problems(split) == plain.problems(split)


def test_a_corpus_file_without_its_first_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.java").write_text("class A {}\n")
    with pytest.raises(DataError, match=r"a\.java, line 1: expected"):
        corpus.read(tmp_path)
    (tmp_path / "a.java").write_text("// method: f | level: 1 | tags: speed\nclass A {}\n")
    with pytest.raises(DataError, match="unknown tag 'speed'"):
        corpus.read(tmp_path)


def test_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    rows = [
        {"java": f"class A {{ static int f(int a) {{ return {n}; }} }}", "method": "f", "tags": ["x"]}
        for n in range(60)
    ]
    rows[0]["split"], rows[0]["python"] = "validation", "def f(a): return 0"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    found = {split: list(task(data=str(path)).problems(split)) for split in SPLITS}
    assert sum(map(len, found.values())) == 60
    assert all(found.values())
    first = next(item for item in found["validation"] if "python" in item.data)
    assert task().reference(first) == "```python\ndef f(a): return 0\n```"
    assert first.tags == ("x",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"java": "class A {}"}', "line 1: `method` is missing"),
        ('\n{"method": "f", "java": 3}', "line 2: `java` is missing or is no text"),
        ("{", "line 1: not valid JSON"),
        ("[]", "line 1: not a JSON object"),
        ("", "it has no lines"),
        ('{"java": "a", "method": "f", "split": "dev"}', "split 'dev' is none of"),
        ('{"java": "a", "method": "f", "tags": "x"}', "`tags` must be a list"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(DataError) as raised:
        task(data=str(path)).problems("test")
    assert said in str(raised.value)
    assert str(path) in str(raised.value)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(DataError, match=r"nowhere\.jsonl: no such file"):
        task(data="nowhere.jsonl").problems("test")


@needs_java
@pytest.mark.parametrize(("data", "count", "asked"), [("humaneval-x", 164, 32), ("mbxp", 874, 32)])
def test_public_data_sets(data: str, count: int, asked: int, tools: Any) -> None:
    if "VERIRL_DATA" not in os.environ:
        pytest.skip("VERIRL_DATA is not set")
    made = task(data=data, pool=40)
    problems = [item for split in SPLITS for item in made.problems(split)]
    assert len(problems) == count
    some = [dataclasses.replace(item, split="test") for item in problems[:: count // asked]]
    made.prepare(some, tools)
    passed = [made.verify(item, made.reference(item) or "", tools).status is Status.CORRECT for item in some]
    # What differs is listed, with its cause, by benchmarks/java2py_canonical.py.
    assert sum(passed) >= {"humaneval-x": 0.7, "mbxp": 0.3}[data] * len(some)


def test_a_short_prompt_holds_the_java_and_no_rules() -> None:
    long, short = (task(short_prompt=value).problems("test")[0] for value in (False, True))
    assert (long.id, long.data) == (short.id, short.data)
    texts = [str(problem.prompt[0]["content"]) for problem in (long, short)]
    assert all("class Solution" in text for text in texts)
    assert "`bool`" in texts[0] and "`bool`" not in texts[1]
