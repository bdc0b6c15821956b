"""The math verifier against Math-Verify: the same cases in one run, one core each, in chunks that take turns.

Time is CPU time of one process each, so a busy machine favours nobody. Both are asked the same question (`form` any: an
answer need not be worked out) and read the box first. No pair comes twice, after a warm-up on other cases; a gold comes as
often as in use, 12 times in model-like responses (both sides read it once) and once in the hard cases.

Bombs go through the worker pool; what counts is CPU time beyond the budget of 2 s and memory that stays. Math-Verify gets
them with 2 s for each of its own timeouts, and is killed after 20 s. Without it (requirements/bench.txt) its column is empty.
The graded bombs are added where VERIRL_CASES is set.
"""

from __future__ import annotations

import importlib.util
import json
import os
import random
import resource
import select
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from _math_bombs import bombs
from _rows import Row, print_rows

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from mathgen import EVERYDAY, HARD, Answer, Draw, Gold
from mathgen.numbers import integer
from mathgen.responses import WRAPPINGS, wrap
from verirl.types import Problem
from verirl.workers import WorkerPool

GROUP = 12  # responses a gold
GOLDS_MODEL_LIKE, CASES_HARD, CHUNKS = 240, 600, 4
BUDGET, SLACK = 2.0, 0.1  # CPU seconds
PATIENCE = 20.0  # wall-clock seconds that Math-Verify gets for a bomb
TARGET_MODEL_LIKE, TARGET_HARD, TARGET_P99_MS = 10.0, 5.0, 100.0
GROWTH_MIB = 16.0  # memory that may stay after two more rounds of all bombs


@dataclass(frozen=True)
class Case:
    gold: str
    response: str
    same: bool | None


def model_like(seed: int, golds: int, makers: Sequence[Callable[[Draw], Gold]] = EVERYDAY) -> list[Case]:
    """Groups of responses of 300 to 500 tokens to the same question; half of them right, most of these as the gold is
    written."""
    draw = random.Random(seed)
    cases: dict[tuple[str, str], Case] = {}
    for _ in range(golds):
        gold = draw.choice(makers)(draw)
        gold.same(itself=gold.text)
        for index in range(GROUP):
            wanted = "equal" if index % 6 == 5 else "itself" if index % 2 else "wrong"
            answer = draw.choice([answer for answer in gold.answers if _is(answer, wanted)])
            response = wrap(draw, answer.text, draw.choice(list(WRAPPINGS)), draw.randrange(16, 26))
            cases[gold.text, response] = Case(gold.text, response, answer.same)
    return list(cases.values())


def _is(answer: Answer, wanted: str) -> bool:
    if wanted == "itself":
        return answer.change == "itself"
    return answer.same is (wanted == "equal") and answer.worked_out


def hard(seed: int, count: int) -> list[Case]:
    """One response a gold; equal and nearly equal expressions that need evaluation."""
    draw = random.Random(seed)
    cases: dict[str, Case] = {}
    while len(cases) < count:
        gold: Gold = HARD[len(cases) % len(HARD)](draw)
        answer = draw.choice([answer for answer in gold.answers if answer.same is bool(len(cases) % 2)])
        cases.setdefault(gold.text, Case(gold.text, wrap(draw, answer.text, "sentence", 2), answer.same))
    return list(cases.values())


# ---------------------------------------------------------------------------------------------------- the sides


def side(name: str) -> None:
    """A process that answers chunks of cases on stdin with the CPU seconds and the verdict of each."""
    from math_oracle import math_verify, ours

    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    verify: Callable[[str, str], bool]
    if name == "ours":
        task = ours("any")

        def verify(gold: str, response: str) -> bool:
            return task(gold, response).status == "correct"

    else:
        verify = math_verify(seconds=round(BUDGET), keep_golds=True)
    for line in sys.stdin:
        seconds, accepted = [], []
        for gold, response in json.loads(line):
            begun = time.process_time()
            try:
                found = verify(gold, response)
            except Exception:  # noqa: BLE001  # whatever Math-Verify raises, it has not accepted the answer
                found = False
            seconds.append(time.process_time() - begun)
            accepted.append(found)
        print(json.dumps({"seconds": seconds, "accepted": accepted}), flush=True)


class Side:
    """One side's process, on a core of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.process: subprocess.Popen[str] | None = None

    def ask(self, cases: Sequence[Case], patience: float = 600.0) -> dict[str, Any] | None:
        """None where it died or did not answer in `patience` seconds; the next question starts a new one."""
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, __file__, "--side", self.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(json.dumps([(case.gold, case.response) for case in cases]) + "\n")
            self.process.stdin.flush()
            ready, _, _ = select.select([self.process.stdout], [], [], patience)
            answer = self.process.stdout.readline() if ready else ""
        except BrokenPipeError:
            answer = ""
        if not answer:
            self.close()
            return None
        found: dict[str, Any] = json.loads(answer)
        return found

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@dataclass
class Measured:
    seconds: list[float]
    accepted: list[bool]

    @property
    def rate(self) -> float:
        return len(self.seconds) / sum(self.seconds)

    @property
    def p99_ms(self) -> float:
        return 1000 * statistics.quantiles(self.seconds, n=100)[-1]

    def wrong(self, cases: Sequence[Case]) -> int:
        return sum(
            case.same is not None and case.same != found for case, found in zip(cases, self.accepted, strict=True)
        )


def measure(sides: Sequence[Side], warm_up: Sequence[Case], cases: Sequence[Case]) -> dict[str, Measured]:
    found = {one.name: Measured([], []) for one in sides}
    for one in sides:
        if one.ask(warm_up) is None:
            raise SystemExit(f"{one.name}: the process died in the warm-up; run it alone with --side {one.name}")
    for index in range(CHUNKS):
        for one in sides:
            answer = one.ask(cases[index::CHUNKS])
            if answer is None:
                raise SystemExit(f"{one.name}: the process died on a chunk of {len(cases) // CHUNKS} cases")
            found[one.name].seconds += answer["seconds"]
            found[one.name].accepted += answer["accepted"]
    return found


def compared(sides: Sequence[Side], what: str, target: float, warm_up: list[Case], cases: list[Case]) -> list[Row]:
    found = measure(sides, warm_up, cases)
    in_order = [case for index in range(CHUNKS) for case in cases[index::CHUNKS]]

    def row(name: str, value: Callable[[Measured], float], better: float, target: float | None = None) -> Row:
        """`better`: 1 where more is better, -1 where less is, 0 where there is no ratio."""
        mine, peers = value(found["ours"]), [value(one) for name_, one in found.items() if name_ != "ours"]
        peer = peers[0] if peers else None
        ratio = (mine / peer) ** better if peer and mine and better else None
        return Row(f"{what}: {name} (peer: Math-Verify)", mine, peer, ratio, target)

    rows = [
        row("verdicts a second", lambda one: one.rate, 1, target),
        row("99th percentile, ms", lambda one: one.p99_ms, -1),
        row(f"wrong verdicts of {len(cases)}", lambda one: one.wrong(in_order), 0),
    ]
    if what == "hard cases":
        p99 = found["ours"].p99_ms
        rows.append(Row(f"{what}: 99th percentile, ms, vs what is asked", p99, TARGET_P99_MS, TARGET_P99_MS / p99, 1.0))
    return rows


# ---------------------------------------------------------------------------------------------------- bombs


def _cpu(pid: int) -> float:
    """CPU seconds of a living process (clock id: see clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def _reaped() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def our_bombs(cases: Sequence[Case]) -> list[Row]:
    """All bombs through one worker of the pool: the CPU time of each. Then those for which it had not to be killed, twice
    more: the memory that stays, of the worker and of this process."""
    over: list[str] = []
    kept = list(cases)
    worst, statuses, rss = 0.0, Counter[str](), []
    plain = Problem(id="plain", prompt=[], data={"answer": "2"}, split="test")
    me = psutil.Process()
    with WorkerPool("math", {"form": "any"}, workers=1, cpu_seconds=BUDGET) as pool:
        for round_ in range(3):
            for case in list(kept):
                pool.verify(plain, "\\boxed{2}")  # a worker that was killed has loaded again when this returns
                (worker,) = me.children()
                before, reaped = _cpu(worker.pid), _reaped()
                problem = Problem(id="bomb", prompt=[], data={"answer": case.gold}, split="test")
                verdict = pool.verify(problem, case.response)
                # A killed worker has been reaped: all that it ever used less what it had used before.
                alive = worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE
                used = (_cpu(worker.pid) if alive else _reaped() - reaped) - before
                worst = max(worst, used)
                if not alive:
                    kept.remove(case)
                if round_ == 0:
                    statuses[verdict.status] += 1
                if used > BUDGET + SLACK:
                    over.append(f"{used:.2f} s, {verdict.status}: {case.response[:60]!r} ... {case.response[-60:]!r}")
                if case.same is not None and (verdict.status == "correct") != case.same:
                    over.append(f"wrong verdict {verdict.status}: {case.response[:100]!r}")
            pool.verify(plain, "\\boxed{2}")
            (worker,) = me.children()
            rss.append((worker.memory_info().rss + me.memory_info().rss) / 2**20)
    for line in dict.fromkeys(over):
        print(f"bomb: {line}", file=sys.stderr)
    grown = rss[2] - rss[1]
    return [
        Row(f"bombs over the budget of {BUDGET:g} s + 100 ms, or wrong, of {len(cases)}", len(over), 0.0,
            float(not over), 1.0),
        Row("bombs: CPU seconds of the worst", worst, BUDGET + SLACK, (BUDGET + SLACK) / worst, 1.0),
        Row("bombs: MiB that worker and pool keep of one more round, vs what may stay", grown, GROWTH_MIB,
            GROWTH_MIB / max(grown, 0.01), 1.0),
        Row("bombs: MiB of worker and pool", max(rss)),
        *(Row(f"bombs: verdict {status}", count) for status, count in sorted(statuses.items())),
    ]  # fmt: skip


def peer_bombs(cases: Sequence[Case]) -> list[Row]:
    over, hung, wrong = 0, 0, 0
    peer = Side("Math-Verify")
    for case in cases:
        peer.ask([Case("2", "\\boxed{2}", True)])
        begun = time.monotonic()
        answer = peer.ask([case], PATIENCE)
        hung += answer is None
        over += time.monotonic() - begun > BUDGET + SLACK  # its alarms count wall-clock time
        wrong += answer is not None and case.same is not None and answer["accepted"][0] != case.same
    peer.close()
    return [
        Row(f"Math-Verify: bombs over {BUDGET:g} s + 100 ms of wall clock", over),
        Row(f"Math-Verify: of these killed after {PATIENCE:g} s, or dead", hung),
        Row("Math-Verify: bombs with a wrong verdict", wrong),
    ]


def graded_bombs() -> list[Case]:
    path = Path(os.environ.get("VERIRL_CASES", "no folder")) / "math_verifier.jsonl"
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        Case(row["problem"]["answer"], row["response"], row["correct"]) for row in rows if row["category"] == "bomb"
    ]


def main() -> None:
    cases = [Case(*bomb) for bomb in bombs()] + graded_bombs()
    rows = our_bombs(cases)  # first: a bomb's CPU time is told apart by there being no other child
    has_peer = importlib.util.find_spec("math_verify") is not None
    sides = [Side("ours"), *([Side("Math-Verify")] if has_peer else [])]
    warm_up = model_like(1, 3) + hard(1, len(HARD))
    parts = [
        ("model-like responses", TARGET_MODEL_LIKE, model_like(0, GOLDS_MODEL_LIKE)),
        ("model-like, whole numbers", TARGET_MODEL_LIKE, model_like(2, GOLDS_MODEL_LIKE, (integer,))),
        ("hard cases", TARGET_HARD, hard(0, CASES_HARD)),
    ]
    found = [row for what, target, chosen in parts for row in compared(sides, what, target, warm_up, chosen)]
    for one in sides:
        one.close()
    if has_peer:
        rows += peer_bombs(cases)
    else:
        print("Math-Verify is not installed: pip install -r requirements/bench.txt", file=sys.stderr)
    print_rows("verifying mathematics, one core each", [*found, *rows])


if __name__ == "__main__":
    if "--side" in sys.argv:
        side(sys.argv[sys.argv.index("--side") + 1])
    else:
        main()
