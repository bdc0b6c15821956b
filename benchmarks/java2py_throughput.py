"""Translations verified a second, methods recorded a second, and what the usual way costs.

A verification draws 50 inputs of a recorded method and runs the translation on them, fully isolated, as many at once as there
are cores. A wrong one costs that and no more; a right one is asked 150 further inputs by default, and a few calls again in a
fork of their own (the sandbox's second look). Recording compiles new methods in batches and runs them twice on 100 inputs each, one batch for each core at once.
The usual way runs javac, java and python once for each test, without isolation.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from _rows import Row, print_rows

from verirl.types import Problem, Status
from verirl.workers import WorkerPool
from verirl_sandbox import Sandbox
from verirl_tasks.java2py import corpus, oracle
from verirl_tasks.java2py.oracle import Pool, Recording, Wanted
from verirl_tasks.java2py.prompt import answer

AT_ONCE = os.cpu_count() or 1
VERIFIED_TARGET = 100.0  # answers a second on two cores, 50 inputs each
RECORDED_TARGET = 20.0  # methods a second, 100 inputs each
ANSWERS = 600
METHODS = 96
PEER_TESTS = 6


def rate(work: Sequence[Callable[[], object]]) -> float:
    """Pieces of work a second, AT_ONCE at a time."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        started = time.perf_counter()
        for done in [threads.submit(one) for one in work]:
            done.result()
        return len(work) / (time.perf_counter() - started)


WRONG = "{code}\n_right = {name}\n\ndef {name}(*args):\n    _right(*args)\n    raise ValueError\n"


def verified(confirming: int, right: bool) -> float:
    """Answers a second, through the pool of worker processes that training and `score` use. Wrong ones do the same work and
    then raise."""
    entries = corpus.entries()[:40]
    problems = [
        Problem(id=entry.name, prompt=[], data={"java": entry.java, "method": entry.method}, split="test")
        for entry in entries
    ]
    config = {"tests": 50, "confirming_tests": confirming}
    with WorkerPool("verirl_tasks.java2py:Java2PyTask", config, workers=AT_ONCE) as pool:
        pool.prepare(problems)

        def run(index: int) -> None:
            entry, problem = entries[index % len(entries)], problems[index % len(entries)]
            code = entry.python if right else WRONG.format(code=entry.python, name=entry.method)
            verdict = pool.verify(problem, f"{answer(code)}\n{index}")  # another draw each time
            assert verdict.status is (Status.CORRECT if right else Status.INCORRECT), (entry.name, verdict)

        with ThreadPoolExecutor(2 * AT_ONCE) as threads:
            list(threads.map(run, range(80)))  # slots start, recordings are read
            started = time.perf_counter()
            list(threads.map(run, range(80, 80 + ANSWERS)))
            return ANSWERS / (time.perf_counter() - started)


def recorded(count: int, both: bool) -> float:
    """Methods a second; `both`: a training and an evaluation pool of each."""
    pools: tuple[Pool, ...] = ("training", "evaluation") if both else ("training",)
    entries = corpus.entries()[:METHODS]
    each = len(entries) // AT_ONCE
    boxes = [Sandbox(1) for _ in range(AT_ONCE)]
    oracle.record_pools(
        [Wanted(entries[0].java, entries[0].method, "training")], 5, "all", boxes[0]
    )  # compiles the Runner

    def part(number: int) -> None:
        mine = entries[number * each : (number + 1) * each]
        wanted = [Wanted(entry.java, entry.method, pool) for entry in mine for pool in pools]
        assert all(isinstance(one, Recording) for one in oracle.record_pools(wanted, count, "all", boxes[number]))

    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(part, range(AT_ONCE)))
    for box in boxes:
        box.close()
    return each * AT_ONCE / (time.perf_counter() - started)


JAVA = """class Main {{
    static int f(int a, int b) {{ return a * 31 + b; }}
    public static void main(String[] args) {{ System.out.println(f({a}, {b})); }}
}}
"""


def usual(number: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Main.java").write_text(JAVA.format(a=number, b=7))
        subprocess.run(["javac", "Main.java"], cwd=folder, check=True)
        said = subprocess.run(["java", "Main"], cwd=folder, check=True, capture_output=True, text=True).stdout
        code = f"def f(a, b):\n    return a * 31 + b\nprint(f({number}, 7))"
        mine = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        assert said == mine


def main() -> None:
    if shutil.which("javac") is None:
        sys.exit("javac is missing; install a JDK (apt install openjdk-17-jdk-headless).")
    tests = rate([partial(usual, number) for number in range(PEER_TESTS)])
    wrong, fifty, confirmed = verified(150, False), verified(0, True), verified(150, True)
    hundred, full = recorded(100, False), recorded(1000, True)
    peer = "javac, java and python once a test"
    rows = [
        Row(f"wrong answers a second, 50 inputs each, vs {peer}", wrong, tests / 50, 50 * wrong / tests),
        Row(
            "wrong answers a second, 50 inputs each, vs what is asked",
            wrong,
            VERIFIED_TARGET,
            wrong / VERIFIED_TARGET,
            1,
        ),
        Row("right ones, with the second look, vs what is asked", fifty, VERIFIED_TARGET, fifty / VERIFIED_TARGET, 1),
        Row("right answers a second, 50 inputs and 150 more, as by default", confirmed),
        Row(f"methods recorded a second, 100 inputs each, vs {peer}", hundred, tests / 100, 100 * hundred / tests),
        Row(
            "methods recorded a second, 100 inputs each, vs what is asked",
            hundred,
            RECORDED_TARGET,
            hundred / RECORDED_TARGET,
            1.0,
        ),
        Row("methods recorded a second, both full pools (2 x 1,000 inputs)", full),
        Row("seconds to record the whole corpus, both full pools", len(corpus.entries()) / full),
    ]
    print_rows(f"Java to Python, {AT_ONCE} at once", rows)


if __name__ == "__main__":
    main()
