"""Translations by hand that are wrong in one way each (tests/java2py_wrong/TAG__NAME.py): every one fails, however the answer
around it is worded, and the reference passes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from verirl.types import Problem, Status
from verirl_sandbox import Sandbox, backends
from verirl_tasks.java2py import Java2PyConfig, Java2PyTask, corpus
from verirl_tasks.java2py.prompt import answer

FOLDER = Path(__file__).parents[1] / "java2py_wrong"
FILES = sorted(FOLDER.glob("*.py"))
ENTRIES = {entry.name: entry for entry in corpus.entries()}
NAMES = sorted({path.stem.partition("__")[2] for path in FILES})

pytestmark = pytest.mark.skipif(
    shutil.which("javac") is None or backends.problem("namespaces") is not None, reason="needs a JDK and bubblewrap"
)


@pytest.fixture(scope="module")
def verify(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """(name of the method, code) -> Verdict, on the first 50 inputs alone."""
    made = {
        name: Problem(
            id=name, prompt=[], data={"java": ENTRIES[name].java, "method": ENTRIES[name].method}, split="test"
        )
        for name in NAMES
    }
    with pytest.MonkeyPatch.context() as patch, Sandbox(1) as sandbox:
        patch.setenv("VERIRL_CACHE", str(tmp_path_factory.mktemp("cache")))
        task = Java2PyTask(Java2PyConfig(confirming_tests=0))
        tools: Any = SimpleNamespace(sandbox=sandbox)
        task.prepare(list(made.values()), tools)
        yield lambda name, code: task.verify(made[name], answer(code), tools)


def test_every_tag_has_one() -> None:
    assert {path.stem.partition("__")[0] for path in FILES} == set(corpus.TAGS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_wrong_translations_fail(verify: Any, path: Path) -> None:
    code = path.read_text(encoding="utf-8")
    for number in range(3):
        verdict = verify(path.stem.partition("__")[2], f"{code}\n# answer {number}\n")
        assert verdict.status in (Status.INCORRECT, Status.LIMIT) and verdict.reward == 0, (
            f"answer {number}: {verdict.status} {verdict.reason}"
        )


@pytest.mark.parametrize("name", NAMES)
def test_references_pass(verify: Any, name: str) -> None:
    verdict = verify(name, ENTRIES[name].python)
    assert verdict.status is Status.CORRECT, verdict.reason
