"""The shipped task of several turns: every fault is found, the environment shows a case, and what was shown earns nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from verirl.types import Message, Problem, Status
from verirl.workers import WorkerPool
from verirl_tasks.debug import DebugConfig, DebugTask
from verirl_tasks.debug.task import SHOWN, _inputs, _parts

TASK = DebugTask(DebugConfig())


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool("verirl_tasks.debug:DebugTask", {}) as made:
        yield made


def test_a_reference_passes(pool: WorkerPool) -> None:
    problem = TASK.problems("train")[0]
    reference = TASK.reference(problem)
    assert reference is not None and pool.verify(problem, reference).status is Status.CORRECT


def test_every_fault_is_found_and_shown(pool: WorkerPool) -> None:
    seen = set()
    for problem in [*TASK.problems("train"), *TASK.problems("test")]:
        kind = tuple(problem.id.split("-")[:2])
        if kind in seen:
            continue
        seen.add(kind)
        faulty = f"```python\n{problem.data['code']}```"
        assert pool.verify(problem, faulty).status is Status.INCORRECT, problem.id
        said = pool.respond(problem, chat(problem, faulty))
        assert isinstance(said, str) and ("it should give" in said or "could not be run" in said), (problem.id, said)
    assert len(seen) == 30


def test_an_episode(pool: WorkerPool) -> None:
    problem = next(each for each in TASK.problems("train") if each.id.startswith("clamp-0-"))
    reference = TASK.reference(problem)
    assert reference is not None
    assert "begins with ```python" in str(pool.respond(problem, chat(problem, "I do not know")))
    assert pool.respond(problem, chat(problem, reference)) is None
    nowhere = "```python\ndef clamp(x): return x.y\n```"
    assert "raises AttributeError; it should give" in str(pool.respond(problem, chat(problem, nowhere)))


def test_a_table_of_what_was_shown_earns_nothing(pool: WorkerPool) -> None:
    for problem in TASK.problems("train")[:12]:
        function, a, b = _parts(problem)
        table = {repr(args): function.gives(*args, a, b) for args in _inputs(problem)[:SHOWN]}
        code = f"def {function.name}(x):\n    return {table!r}.get(repr([x]))"
        answer = f"```python\n{code}\n```"
        assert pool.respond(problem, chat(problem, answer)) is None
        assert pool.verify(problem, answer).status is Status.INCORRECT


def chat(problem: Problem, answer: str) -> list[Message]:
    return [*problem.prompt, {"role": "assistant", "content": answer}]
