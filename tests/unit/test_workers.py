"""The pool of worker processes: each test is one way in which a plugin, a response or a machine goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import verirl
from verirl import workers as workers_module
from verirl.errors import NoSandboxError, PluginError
from verirl.messages import TEXT_CAP, problem_from_json, problem_to_json, verdict_from_json, verdict_to_json
from verirl.types import Problem, Status, Verdict
from verirl.workers import WorkerPool

TASKS = Path(__file__).with_name("worker_tasks.py")
PROBLEM = Problem(id="p", prompt=[{"role": "user", "content": "?"}], data={}, split="test", tags=("a",))


def make(name: str = "Misbehaving", config: dict[str, Any] | None = None, **limits: Any) -> WorkerPool:
    return WorkerPool(f"{TASKS}:{name}", config or {}, **{"workers": 1, "cpu_seconds": 0.5, **limits})


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    """Shared: a pool must be none the worse for whatever a test did to it."""
    with make(memory_gib=0.1) as shared:
        yield shared
        assert shared.verify(PROBLEM, "fine").status is Status.CORRECT


def children() -> set[int]:
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            found.add(int(stat.parent.name))
    return found


def wait_until_gone(pid: int, seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.02)
    return False


def test_a_good_verdict_comes_back_whole(pool: WorkerPool) -> None:
    verdict = pool.verify(PROBLEM, "fine")
    assert (verdict.status, verdict.reward, verdict.answer) == (Status.CORRECT, 1.0, "(None, 'fine')")
    assert verdict.seconds > 0


def test_messages_survive_the_round_trip() -> None:
    assert problem_from_json(problem_to_json(PROBLEM)) == PROBLEM
    verdict = Verdict(status=Status.PARTIAL, reward=0.25, answer="x", reason="why", parts={"a": 1.0}, seconds=2.0)
    assert verdict_from_json(verdict_to_json(verdict, 2.0)) == verdict


@pytest.mark.parametrize(
    "text",
    ["\ud800 lone \udfff", "\x00 nul", "\u2028\n\r\x1b", "𝕏 é 漢", "", "fine" + "y" * 3_000_000],
    ids=["surrogates", "nul", "separators", "unicode", "empty", "3 MB"],
)
def test_odd_text_passes_unharmed(pool: WorkerPool, text: str) -> None:
    problem = Problem(id=text[:9], prompt=[], data={"text": text[:9]}, split="test")
    verdict = pool.verify(problem, text)
    assert verdict.status is Status.CORRECT
    assert verdict.answer == repr((text[:9], text))[:TEXT_CAP]


def test_a_raising_verifier_is_our_fault_and_says_where(pool: WorkerPool) -> None:
    verdict = pool.verify(PROBLEM, "raise:x")
    assert (verdict.status, verdict.reward) == (Status.INFRASTRUCTURE_ERROR, None)
    assert "ValueError: no good: x" in verdict.reason
    assert "worker_tasks.py:" in verdict.reason and "raise ValueError" in verdict.reason


@pytest.mark.parametrize(
    ("act", "word"), [("exit", "SystemExit"), ("os_exit", "exit code 7"), ("segfault", "Segmentation fault")]
)
def test_a_dying_worker_is_our_fault(pool: WorkerPool, act: str, word: str) -> None:
    verdict = pool.verify(PROBLEM, act)
    assert (verdict.status, verdict.reward) == (Status.INFRASTRUCTURE_ERROR, None)
    assert word in verdict.reason


@pytest.mark.parametrize(
    ("act", "word"),
    [
        ("none", "NoneType"),
        ("return:nan", "nan"),
        ("return:big", "1.5"),
        ("return:missing", "None"),
        ("return:scored", "scored"),
        ("return:odd", "fine"),
        ("return:blamed", "must be None"),
    ],
)
def test_a_wrong_return_is_our_fault(pool: WorkerPool, act: str, word: str) -> None:
    verdict = pool.verify(PROBLEM, act)
    assert (verdict.status, verdict.reward) == (Status.INFRASTRUCTURE_ERROR, None)
    assert word in verdict.reason


def test_an_invalid_problem_passes_and_long_answers_are_cut(pool: WorkerPool) -> None:
    assert pool.verify(PROBLEM, "return:invalid").status is Status.INVALID_PROBLEM
    verdict = pool.verify(PROBLEM, "return:long")
    assert len(verdict.answer or "") == TEXT_CAP and dict(verdict.parts) == {"x": 1.0}


def test_cpu_time_is_limited_exactly(pool: WorkerPool) -> None:
    assert pool.verify(PROBLEM, "work:0.4").status is Status.CORRECT
    begun = time.perf_counter()
    verdict = pool.verify(PROBLEM, "spin")
    assert (verdict.status, verdict.reward) == (Status.TIMEOUT, 0.0)
    assert "0.5 s" in verdict.reason
    assert time.perf_counter() - begun >= 0.45
    assert pool.verify(PROBLEM, "work:0.52").status is Status.TIMEOUT


def test_all_threads_of_a_verifier_count(pool: WorkerPool) -> None:
    assert pool.verify(PROBLEM, "spin_threads").status is Status.TIMEOUT


def test_sleep_is_no_cpu_time(pool: WorkerPool) -> None:
    assert pool.verify(PROBLEM, "nap:0.7").status is Status.CORRECT


def test_waiting_for_a_worker_counts_for_nothing() -> None:
    with make(wall_seconds=5) as single:
        verdicts: list[Verdict] = []
        threads = [
            threading.Thread(target=lambda: verdicts.append(single.verify(PROBLEM, "nap:1.5"))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [verdict.status for verdict in verdicts] == [Status.CORRECT] * 4


def test_a_hung_worker_is_tried_twice_then_our_fault(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    with make(config={"marks": str(marks)}, wall_seconds=0.5) as hanging:
        verdict = hanging.verify(PROBLEM, "sleep")
    assert (verdict.status, verdict.reward) == (Status.INFRASTRUCTURE_ERROR, None)
    assert "hung" in verdict.reason
    assert marks.read_text().count("sleep") == 2


@pytest.mark.parametrize("act", ["hog", "wrapped_hog"])
def test_memory_is_limited(pool: WorkerPool, act: str) -> None:
    verdict = pool.verify(PROBLEM, act)
    assert (verdict.status, verdict.reward) == (Status.LIMIT, 0.0)


def test_printing_cannot_reach_the_protocol(pool: WorkerPool) -> None:
    for _ in range(3):
        assert pool.verify(PROBLEM, "print").answer == "(None, 'print')"


def test_no_language_model_says_so(pool: WorkerPool) -> None:
    assert "lends no language model" in pool.verify(PROBLEM, "tools:lm").reason


def test_a_sandbox_is_lent(pool: WorkerPool) -> None:
    verdict = pool.verify(PROBLEM, "sandbox")
    assert (verdict.answer, verdict.reason) == ("None", "")


def test_without_a_sandbox_every_verdict_says_so() -> None:
    with make("Misbehaving", unsafe=True) as pool:
        assert pool.verify(PROBLEM, "fine").reason == ""  # nothing has been run yet
        verdict = pool.verify(PROBLEM, "sandbox")
        assert (verdict.answer, verdict.reason) == ("True", "(no sandbox: --unsafe) ")


def test_where_no_sandbox_works_it_refuses() -> None:
    message = r"namespaces: not here; landlock: .*apt install bubblewrap; --unsafe"
    with make("Misbehaving", {"no_sandbox": True}) as pool, pytest.raises(NoSandboxError, match=message):
        pool.verify(PROBLEM, "sandbox")


def test_data_that_is_not_json_is_our_fault(pool: WorkerPool) -> None:
    verdict = pool.verify(Problem(id="p", prompt=[], data={"x": object()}, split="test"), "fine")
    assert verdict.status is Status.INFRASTRUCTURE_ERROR and "JSON" in verdict.reason


def test_killing_a_worker_kills_what_it_started(pool: WorkerPool, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    assert pool.verify(PROBLEM, f"child:{pid_file}").status is Status.TIMEOUT
    assert wait_until_gone(int(pid_file.read_text()))


def test_many_threads_at_once_get_their_own_answers() -> None:
    with make(workers=2) as double:
        answers: dict[int, str | None] = {}

        def ask(number: int) -> None:
            for _ in range(5):
                answers[number] = double.verify(PROBLEM, f"n{number}" + "z" * 100_000 * (number % 2)).answer

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert all(answer is not None and answer.startswith(f"(None, 'n{n}") for n, answer in answers.items())
    assert len(answers) == 20


def test_a_group_keeps_its_order_and_its_faults_apart() -> None:
    with make(workers=2) as double:
        responses = ["a", "spin", "raise:x", "b", "os_exit", *map(str, range(20))]
        verdicts = double.verify_group(PROBLEM, responses)
    wanted = [Status.CORRECT, Status.TIMEOUT, Status.INFRASTRUCTURE_ERROR, Status.CORRECT, Status.INFRASTRUCTURE_ERROR]
    assert [verdict.status for verdict in verdicts[:5]] == wanted
    assert [verdict.answer for verdict in verdicts[5:]] == [repr((None, str(n))) for n in range(20)]


def test_verify_group_of_the_plugin_is_used_and_checked() -> None:
    with make("Grouping") as grouping:
        verdicts = grouping.verify_group(PROBLEM, ["a", "none", "b"])
        assert [verdict.status for verdict in verdicts] == ["partial", "infrastructure_error", "partial"]
        assert [verdicts[0].answer, verdicts[2].answer] == ["a", "b"]
        assert [v.status for v in grouping.verify_group(PROBLEM, ["short", "x"])] == ["infrastructure_error"] * 2
        assert grouping.verify_group(PROBLEM, []) == []
        alone = grouping.verify_group(PROBLEM, ["a", "spin"])  # the hostile one costs its neighbour nothing
        assert [(v.status, v.reason[:5]) for v in alone] == [("correct", "alone"), ("timeout", "verif")]


def test_prepare_reaches_every_worker_and_those_that_come_later() -> None:
    with make("Grouping", workers=2) as grouping:
        grouping.prepare([PROBLEM, PROBLEM])
        grouping.prepare([PROBLEM])
        assert grouping.verify(PROBLEM, "spin").status is Status.TIMEOUT
        assert {grouping.verify(PROBLEM, "x").answer for _ in range(4)} == {"p p p"}
        with pytest.raises(PluginError, match="cannot prepare"):
            grouping.prepare([Problem(id="q", prompt=[], data={"bad": 1}, split="test")])
        assert {grouping.verify(PROBLEM, "x").answer for _ in range(4)} == {"p p p"}
    with make("Grouping") as grouping, pytest.raises(PluginError, match=r"`prepare` failed: no index$"):
        grouping.prepare(
            [Problem(id="q", prompt=[], data={"bad": "data"}, split="test")]
        )  # a sentence of ours is enough


@pytest.mark.parametrize(
    ("name", "config", "words"),
    [
        ("Broken", {}, "the index is missing"),
        ("Dying", {}, "exit code 9"),
        ("Absent", {}, "Absent"),
        ("Misbehaving", {"typo": 1}, "task.config.typo"),
    ],
)
def test_a_plugin_that_does_not_load_fails_the_constructor(name: str, config: dict[str, Any], words: str) -> None:
    before = children()
    with pytest.raises(PluginError, match=words):
        make(name, config, workers=2)
    assert children() == before


def test_workers_are_recycled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers_module, "RECYCLE_ITEMS", 3)
    with make() as single:
        pids = [single.verify(PROBLEM, "pid").answer for _ in range(7)]
    assert len(set(pids)) == 3 and pids[0] == pids[2] and pids[3] == pids[5]


def test_close_leaves_nothing_behind_and_wakes_waiters() -> None:
    before, fds, threads = children(), len(os.listdir("/proc/self/fd")), threading.active_count()
    double = make(workers=2)
    failures: list[str] = []

    def ask() -> None:
        try:
            double.verify(PROBLEM, "nap:30")
        except RuntimeError as error:
            failures.append(str(error))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    time.sleep(0.1)
    double.close()
    double.close()
    for asker in askers:
        asker.join(timeout=60)
    assert failures == ["the worker pool is closed"] * 4
    assert (children(), len(os.listdir("/proc/self/fd")), threading.active_count()) == (before, fds, threads)
    with pytest.raises(RuntimeError, match="closed"):
        double.verify(PROBLEM, "fine")


@pytest.mark.parametrize("act", ["fine", "spin"])
def test_workers_die_with_their_parent(act: str) -> None:
    """Idle and busy alike, however the parent goes."""
    program = (
        "import sys, threading, time\n"
        "from verirl.types import Problem\n"
        "from verirl.workers import WorkerPool\n"
        f"pool = WorkerPool({f'{TASKS}:Misbehaving'!r}, {{}}, workers=1, cpu_seconds=60)\n"
        "problem = Problem(id='p', prompt=[], data={}, split='test')\n"
        f"threading.Thread(target=pool.verify, args=(problem, {act!r}), daemon=True).start()\n"
        "print(pool._workers[0].process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    path = os.pathsep.join([str(Path(verirl.__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    )
    assert parent.stdout is not None
    with parent, parent.stdout:
        pid = int(parent.stdout.readline())
        time.sleep(0.2)
        parent.send_signal(signal.SIGKILL)
    assert wait_until_gone(pid)


def test_a_worker_outlives_the_thread_that_first_used_it() -> None:
    """PR_SET_PDEATHSIG goes by threads: a respawn asked for by a short-lived thread must not die with it."""
    with make() as single:
        thread = threading.Thread(target=single.verify, args=(PROBLEM, "os_exit"))
        thread.start()
        thread.join()
        pid = single.verify(PROBLEM, "pid").answer
        time.sleep(0.1)
        assert single.verify(PROBLEM, "pid").answer == pid


def test_relative_path_of_a_task_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(TASKS.read_text())
    (tmp_path / "random.py").write_text("raise RuntimeError('shadowed')")  # a stray file breaks no worker
    monkeypatch.chdir(tmp_path)
    with WorkerPool("mine.py:Misbehaving", {}, workers=1) as single:
        assert single.verify(PROBLEM, "fine").status is Status.CORRECT


def test_workers_do_not_import_torch(pool: WorkerPool, tmp_path: Path) -> None:
    source = TASKS.read_text().replace(
        'if act == "pid":',
        'if act == "modules":\n            return Verdict(status=Status.CORRECT, reward=1.0, '
        'answer=str([m for m in ("torch", "vllm", "transformers", "numpy") if m in sys.modules]))\n        if act == "pid":',
    )
    (tmp_path / "mine.py").write_text(source)
    with WorkerPool(f"{tmp_path / 'mine.py'}:Misbehaving", {}, workers=1) as single:
        assert single.verify(PROBLEM, "modules").answer == "[]"
