"""Whether the Python solutions of HumanEval-X and MBXP do what their Java does, and why each that does not, does not.

Each pair is judged three times: on the arguments of the data set's own Java tests alone, on inputs like those (what the task
asks by default), and on everything that the types allow. The Java is the measure throughout. Needs a JDK and VERIRL_DATA.

    python benchmarks/java2py_canonical.py [humaneval-x | mbxp]
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections import Counter
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from verirl.types import SPLITS, Problem, Status, Verdict
from verirl_sandbox import Sandbox
from verirl_tasks.java2py import Java2PyConfig, Java2PyTask, oracle
from verirl_tasks.java2py.answer import extract
from verirl_tasks.java2py.judge import arguments, judge
from verirl_tasks.java2py.oracle import Job, Recording


def verdicts(data: str, examples: bool, tools: Any) -> tuple[list[Problem], list[Verdict]]:
    task = Java2PyTask(Java2PyConfig(data=data, use_examples=examples, pool=300))
    # The evaluation pool alone is asked for.
    problems = [dataclasses.replace(item, split="test") for split in SPLITS for item in task.problems(split)]
    task.prepare(problems, tools)
    return problems, [task.verify(item, task.reference(item) or "", tools) for item in problems]


def on_examples(problems: Sequence[Problem], sandbox: Sandbox) -> list[bool | None]:
    """Of each: whether all arguments of its own tests lead to the same; None where it cannot be said."""
    jobs = [Job(item.data["java"], item.data["method"], item.data.get("examples", [])) for item in problems]
    found: list[bool | None] = []
    for item, recording in zip(problems, oracle.record(jobs, sandbox), strict=True):
        code = extract(f"```python\n{item.data.get('python', '')}\n```").code
        if not isinstance(recording, Recording) or not recording.records or not code:
            found.append(None)
            continue
        chosen = range(len(recording.records))
        result = sandbox.call(code, recording.method.name, [arguments(recording, index) for index in chosen])
        found.append(result.ok and all(judge(recording, chosen, result.calls).right))
    return found


def cause(verdict: Verdict) -> str:
    """In a few words."""
    reason = verdict.reason
    if verdict.status is Status.INVALID_PROBLEM:
        return "the Java is refused"
    for words, said in (
        ("instead of a list", "a tuple for a List (the signatures differ)"),
        ("after the call", "one changes its argument, the other does not"),
        ("where the Java throws", "the Java throws"),
        ("it raised", "the Python raises"),
        ("instead of True", "another truth value"),
        ("instead of False", "another truth value"),
    ):
        if words in reason:
            return said
    return "another value" if verdict.status is Status.INCORRECT else str(verdict.status)


def main() -> None:
    if "VERIRL_DATA" not in os.environ:
        sys.exit("set VERIRL_DATA to the folder that holds humaneval-x/ and mbxp/.")
    with Sandbox(1) as sandbox:
        tools = SimpleNamespace(sandbox=sandbox)
        for data in sys.argv[1:] or ["humaneval-x", "mbxp"]:
            problems, like = verdicts(data, True, tools)
            everything = verdicts(data, False, tools)[1]
            own = on_examples(problems, sandbox)
            print(f"\n{data}: {len(problems)} pairs; those that differ on inputs like the data set's own:")
            for item, verdict, same in zip(problems, like, own, strict=True):
                if verdict.status is not Status.CORRECT:
                    note = {True: "same on its own tests", False: "differs on its own tests", None: ""}[same]
                    print(f"  {item.id} [{cause(verdict)}; {note}] {verdict.reason[:150]}")
            print(
                f"{data}: causes {dict(Counter(cause(v) for v in like if v.status is not Status.CORRECT).most_common())}"
            )
            usable = sum(verdict.status is not Status.INVALID_PROBLEM for verdict in like)
            for name, count in (
                ("the data set's own test arguments", sum(same is True for same in own)),
                ("inputs like them", sum(verdict.status is Status.CORRECT for verdict in like)),
                ("all inputs of the types", sum(verdict.status is Status.CORRECT for verdict in everything)),
            ):
                print(f"{data}: {count} of {usable} pass on {name}")


if __name__ == "__main__":
    main()
