"""The sandbox from the outside: bad input, the pool, threads, asyncio, other processes, programs."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import pickle
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from verirl_sandbox import Limits, Outcome, Sandbox, SandboxError, SandboxUnavailable, backends
from verirl_sandbox.slot import Slot

ADD = "def add(a, b): return a + b"


def usable(name: str) -> str:
    why = backends.problem(name)
    if why is not None:
        pytest.skip(f"the backend {name} does not work here: {why}")
    return name


@pytest.fixture(scope="module", params=["namespaces", "landlock", "unsafe"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with Sandbox(2, backend=usable(request.param)) as made:
        yield made


def test_calls(sandbox: Sandbox) -> None:
    result = sandbox.call(ADD, "add", [[1, 2], ["a", "b"], [1, "b"]])
    assert result.ok
    assert [(call.value, call.exception) for call in result.calls] == [(3, None), ("ab", None), (None, "TypeError")]
    assert all(0 < call.seconds < 5 for call in result.calls)
    assert result.backend == sandbox.backend


@pytest.mark.parametrize(
    ("source", "function", "outcome", "detail"),
    [
        ("def f(:", "f", Outcome.LOAD_ERROR, "SyntaxError while it was loaded, line 1"),
        ("x = 1\n1 / 0", "f", Outcome.LOAD_ERROR, "ZeroDivisionError while it was loaded, line 2: division by zero"),
        ("import nothing_of_that_name", "f", Outcome.LOAD_ERROR, "ModuleNotFoundError"),
        ("\0", "f", Outcome.LOAD_ERROR, ""),
        ("x = '\ud800'", "f", Outcome.LOAD_ERROR, ""),
        ("", "f", Outcome.NO_FUNCTION, "'f'"),
        ("f = 1", "f", Outcome.NO_FUNCTION, "'f'"),
        ("class A: pass", "A.b.c", Outcome.NO_FUNCTION, "'A.b.c'"),
        ("(" * 100_000, "f", Outcome.LOAD_ERROR, ""),
    ],
)
def test_a_source_that_cannot_be_used(
    sandbox: Sandbox, source: str, function: str, outcome: Outcome, detail: str
) -> None:
    result = sandbox.call(source, function, [[]])
    assert result.outcome == outcome
    assert detail in result.detail
    assert "\n" not in result.detail


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        ([[1, 2], [object()]], r"^call 2: object is no plain data"),
        ([5], r"^call 1: the arguments must be a list"),
        (["ab"], r"^call 1: the arguments must be a list"),
        ([[[[...]]]], r"^call 1: ellipsis is no plain data"),
        ([["x" * (5 << 20)]], r"^call 1: too large"),
    ],
)
def test_arguments_that_cannot_be_handed_over(sandbox: Sandbox, calls: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sandbox.call(ADD, "add", calls)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cpu_seconds", 0),
        ("cpu_seconds", "5"),
        ("memory_mib", 1.5),
        ("threads", True),
        ("open_files", 1),
        ("wall_seconds", float("nan")),
        ("answer_kib", -1),
        ("flood_mib", 10**9),
    ],
)
def test_limits_out_of_range(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^limits\.{field} is .*it must be a .*number from"):
        Limits(**{field: value})


def test_a_source_that_is_too_long(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="characters"):
        sandbox.call("#" * (5 << 20), "f", [])


def test_a_large_source_and_large_arguments(sandbox: Sandbox) -> None:
    source = "#" * (1 << 20) + "\ndef f(x): return len(x), x[-1]"
    assert sandbox.call(source, "f", [["y" * (1 << 20)]]).calls[0].value == (1 << 20, "y")


def test_no_calls(sandbox: Sandbox) -> None:
    result = sandbox.call("print('hi')", "", [])
    assert (result.outcome, result.calls, result.stdout) == (Outcome.OK, [], "hi\n")


def test_many_calls_cost_little(sandbox: Sandbox) -> None:
    result = sandbox.call(ADD, "add", [[number, 1] for number in range(2000)])
    assert [call.value for call in result.calls] == list(range(1, 2001))


def test_the_same_hashes_every_time(sandbox: Sandbox) -> None:
    source = "def f(): return [hash('a'), list({'a', 'b', 'c', 'd'})]"
    values = [sandbox.call(source, "f", [[]]).calls[0].value for _ in range(3)]
    with Sandbox(1, backend=sandbox.backend) as other:
        values.append(other.call(source, "f", [[]]).calls[0].value)
    assert values == [values[0]] * 4


def test_from_many_threads(sandbox: Sandbox) -> None:
    found: dict[int, Any] = {}

    def one(number: int) -> None:
        found[number] = sandbox.call(ADD, "add", [[number, 0]]).calls[0].value

    threads = [threading.Thread(target=one, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: number for number in range(20)}


def test_from_asyncio(sandbox: Sandbox) -> None:
    async def both() -> list[Any]:
        return await asyncio.gather(*(sandbox.acall(ADD, "add", [[number, 0]]) for number in range(10)))

    assert [result.calls[0].value for result in asyncio.run(both())] == list(range(10))


def test_from_a_forked_process(sandbox: Sandbox) -> None:
    assert sandbox.call(ADD, "add", [[1, 2]]).ok
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        value = sandbox.call(ADD, "add", [[20, 22]]).calls[0].value
        os.write(writing, str(value).encode())
        os._exit(0)
    assert os.read(reading, 10) == b"42"
    os.waitpid(pid, 0)
    os.close(reading)
    os.close(writing)
    assert sandbox.call(ADD, "add", [[1, 2]]).calls[0].value == 3  # its own slots are untouched


def spawned(sandbox: Sandbox, answer: Any) -> None:
    with sandbox:
        answer.send(sandbox.call(ADD, "add", [[20, 22]]).calls[0].value)


def test_in_a_spawned_process(sandbox: Sandbox) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=spawned, args=(sandbox, theirs))
    process.start()
    assert ours.recv() == 42
    process.join()
    ours.close()
    theirs.close()


def test_a_copy_by_pickle_has_the_same_settings() -> None:
    with Sandbox(3, backend="unsafe", limits=Limits(cpu_seconds=1), preload=["json"], second_look=0) as one:
        copy = pickle.loads(pickle.dumps(one))
        assert (copy.slots, copy.limits, copy.preload, copy.second_look, copy.backend) == (
            3, Limits(cpu_seconds=1), ("json",), 0, "unsafe",
        )  # fmt: skip


def zygotes() -> list[psutil.Process]:
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if process.status() != psutil.STATUS_ZOMBIE and any("verirl_sandbox" in word for word in process.cmdline())
    ]


@pytest.mark.parametrize("backend", ["namespaces", "landlock"])
def test_a_slot_that_dies_is_replaced(backend: str) -> None:
    before = set(zygotes())
    with Sandbox(1, backend=usable(backend)) as sandbox:
        assert sandbox.call(ADD, "add", [[1, 2]]).ok
        first = set(zygotes()) - before
        for process in first:
            process.kill()
        assert sandbox.call(ADD, "add", [[1, 2]]).ok
        assert set(zygotes()) - before - first
    psutil.wait_procs(set(zygotes()) - before, 5)
    assert set(zygotes()) == before


@pytest.mark.parametrize("backend", ["namespaces", "landlock"])
def test_a_slot_that_hangs_is_replaced(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verirl_sandbox.slot.GRACE_SECONDS", 0.5)
    before = set(zygotes())
    with Sandbox(1, backend=usable(backend), limits=Limits(wall_seconds=0.5)) as sandbox:
        assert sandbox.call(ADD, "add", [[1, 2]]).ok
        for process in set(zygotes()) - before:
            process.send_signal(signal.SIGSTOP)
        assert sandbox.call(ADD, "add", [[1, 2]]).ok


@pytest.mark.parametrize("backend", ["namespaces", "landlock"])
def test_nothing_outlives_the_process_that_owns_it(backend: str) -> None:
    script = f"""
import os, sys, threading, time
from verirl_sandbox import Limits, Sandbox
sandbox = Sandbox(1, backend={usable(backend)!r})
sandbox.call("def f(): return 1", "f", [[]])
threading.Thread(target=sandbox.call, args=("import time\\ndef f(): time.sleep(100)", "f", [[]]), daemon=True).start()
time.sleep(0.5)
print("ready", flush=True)
time.sleep(100)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        below = psutil.Process(owner.pid).children(recursive=True)
        assert len(below) >= 2
        owner.kill()
        assert psutil.wait_procs(below, 60)[1] == []


def test_an_unknown_backend() -> None:
    with pytest.raises(ValueError, match="it must be 'auto' or one of namespaces, landlock, unsafe"):
        Sandbox(backend="docker")


def test_without_a_backend_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verirl_sandbox.backends.problem", lambda name: None if name == "unsafe" else "not here")
    with pytest.raises(SandboxUnavailable, match=r"no sandbox works here.*apt install bubblewrap"):
        Sandbox()
    with pytest.raises(SandboxUnavailable, match="does not work here: not here"):
        Sandbox(backend="landlock")


def test_another_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    backends.problem.cache_clear()
    try:
        with pytest.raises(SandboxUnavailable, match="made for x86-64 Linux, and this is aarch64"):
            Sandbox()
    finally:
        backends.problem.cache_clear()


def test_a_slot_that_cannot_start() -> None:
    message = "would not start: ModuleNotFoundError: No module named 'nothing_of"
    with (
        Sandbox(1, backend="unsafe", preload=["nothing_of_that_name"]) as sandbox,
        pytest.raises(SandboxError, match=message),
    ):
        sandbox.call(ADD, "add", [[1, 2]])


@pytest.mark.parametrize("backend", ["namespaces", "landlock"])
def test_numpy_is_there_when_it_is_asked_for(backend: str) -> None:
    source = "import numpy as np\ndef f(x): return float(np.array(x).sum()), (np.eye(50) @ np.eye(50)).shape"
    with Sandbox(1, backend=usable(backend), preload=["numpy"]) as sandbox:
        assert sandbox.call(source, "f", [[[1, 2]]]).calls[0].value == (3.0, (50, 50))


@pytest.mark.parametrize("backend", ["namespaces", "landlock"])
def test_a_preloaded_module_may_keep_files_open(backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keeps_files.py").write_text("import os\nKEPT = [os.open('/', os.O_RDONLY) for _ in range(20)]\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    source = "import keeps_files, os\ndef f():\n    os.fstat(keeps_files.KEPT[-1])"
    with Sandbox(1, backend=usable(backend), preload=["keeps_files"]) as sandbox:
        for _ in range(3):
            assert sandbox.call(source, "f", [[]]).calls[0].exception == "OSError"  # not in the candidate


def test_from_a_process_with_many_descriptors(sandbox: Sandbox) -> None:
    """More than select(2) can wait for, and more than a slot keeps for itself."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most[1] < 1300:
        pytest.skip("no more than 1300 descriptors are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(most[0], 1300), most[1]))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        with Sandbox(1, backend=sandbox.backend) as other:
            assert other.call(ADD, "add", [[1, 2]]).calls[0].value == 3
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, most)


def test_a_closed_sandbox(sandbox: Sandbox) -> None:
    closed = Sandbox(1, backend=sandbox.backend)
    closed.close()
    closed.close()
    with pytest.raises(SandboxError, match="closed"):
        closed.call(ADD, "add", [[1, 2]])


def test_nothing_grows(sandbox: Sandbox) -> None:
    def size() -> tuple[int, int, int]:
        return len(os.listdir("/proc/self/fd")), threading.active_count(), len(os.listdir("/tmp"))

    sandbox.call(ADD, "add", [[1, 2]])
    before = size()
    for number in range(50):
        sandbox.call(ADD if number % 5 else "import os\ndef add(a, b): os._exit(1)", "add", [[1, 2]])
    assert size() == before


def test_memory_stays_flat_whatever_is_printed(sandbox: Sandbox) -> None:
    source = "import os\ndef f():\n    for _ in range(60): os.write(1, bytes(1 << 20))"
    limits = Limits(flood_mib=64)
    sandbox.call(source, "f", [[]], limits)
    before = psutil.Process().memory_info().rss
    for _ in range(3):
        assert sandbox.call(source, "f", [[]], limits).output_bytes >= 60 << 20
    assert psutil.Process().memory_info().rss - before < 8 << 20


# ------------------------------------------------------------------------------------------------------------ programs


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(1, backend=usable("namespaces")) as made:
        yield made


def test_a_program(box: Sandbox) -> None:
    result = box.run(
        ["sh", "-c", "cat; cat in/a.txt; echo oops >&2; echo made > out.txt; pwd"],
        {"in/a.txt": "given\n"},
        stdin=b"typed\n",
        outputs=["*.txt", "in/*"],
    )
    assert (result.outcome, result.exit_code) == (Outcome.OK, 0)
    assert (result.stdout, result.stderr) == (b"typed\ngiven\n/work\n", b"oops\n")
    assert result.files == {"out.txt": b"made\n", "in/a.txt": b"given\n"}


def test_an_exit_code(box: Sandbox) -> None:
    result = box.run(["sh", "-c", "exit 3"])
    assert (result.outcome, result.exit_code, result.detail) == (Outcome.FAILED, 3, "exit code 3")


def gone(wanted: Callable[[psutil.Process], bool]) -> bool:
    """Whether there is soon no such process; one that ends meanwhile is none."""

    def there() -> Iterator[int]:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.NoSuchProcess):
                if wanted(process):
                    yield process.pid

    for _ in range(300):
        if not list(there()):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize(
    ("script", "limits", "outcome"),
    [
        ("while :; do :; done", Limits(cpu_seconds=0.5), Outcome.CPU_LIMIT),
        ("sleep 100", Limits(wall_seconds=0.5), Outcome.WALL_LIMIT),
        ("yes", Limits(flood_mib=1), Outcome.OUTPUT_LIMIT),
        ("sleep 100 & disown; (setsid sleep 100 &) ; exit 0", Limits(), Outcome.OK),
        ("kill -SEGV $$", Limits(), Outcome.CRASHED),
    ],
)
def test_a_programs_limits(box: Sandbox, script: str, limits: Limits, outcome: Outcome) -> None:
    before = {process.pid for process in psutil.process_iter()}
    result = box.run(["bash", "-c", script], limits=limits)
    assert result.outcome == outcome
    ours = {1, os.getpid()}  # whose children are what a namespace lets go of
    assert gone(lambda p: p.pid not in before and p.name() in ("sleep", "yes", "bash") and p.ppid() in ours)


def test_a_fork_bomb_ends_with_its_namespace(box: Sandbox) -> None:
    result = box.run(["bash", "-c", "f() { f | f & }; f; sleep 100"], limits=Limits(wall_seconds=2))
    assert result.outcome != Outcome.OK
    assert gone(lambda p: p.name() == "bwrap" and p.ppid() == os.getpid())


def test_what_a_program_cannot_reach(box: Sandbox) -> None:
    """A parent folder of Python's own may be there, and empty but for that."""
    script = (
        f"cat /etc/passwd /etc/shadow {__file__}; ls {Path(__file__).parent}; touch /usr/x /etc/x; "
        "echo > /dev/tcp/127.0.0.1/22; mount -t tmpfs x /tmp; unshare -Ur true; cat /proc/1/environ; kill -9 -1; "
        "echo $(env | cut -d= -f1 | sort)"
    )
    result = box.run(["bash", "-c", script])
    assert result.stdout == b"HOME LANG PATH PWD SHLVL _\n"


def test_links_do_not_lead_out(box: Sandbox) -> None:
    result = box.run(["ln", "-s", "/usr/bin/env", "out"], outputs=["*"])
    assert result.files == {}


def test_files_that_are_too_large(box: Sandbox) -> None:
    result = box.run(["sh", "-c", "head -c 3000000 /dev/zero > x"], outputs=["x"], limits=Limits(file_mib=1))
    assert result.outcome != Outcome.OK


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../../x", "", ".", "a\0b"])
def test_paths_stay_inside(box: Sandbox, path: str) -> None:
    with pytest.raises(ValueError, match="no path within the working folder"):
        box.run(["true"], {path: b""})


def test_a_program_that_is_not_there(box: Sandbox) -> None:
    with pytest.raises(FileNotFoundError, match="nothing-of-that-name is not installed"):
        box.run(["nothing-of-that-name"])
    with pytest.raises(ValueError, match="argv"):
        box.run([])


@pytest.mark.skipif(shutil.which("javac") is None, reason="needs a JDK")
def test_java(box: Sandbox) -> None:
    limits = Limits(cpu_seconds=60, wall_seconds=120, memory_mib=2048, threads=200, open_files=1024)
    source = 'public class A { public static void main(String[] a) { System.out.println("hi " + a[0]); } }'
    compiled = box.run(["javac", "-J-Xmx256m", "A.java"], {"A.java": source}, limits, outputs=["*.class"])
    assert compiled.ok, compiled
    ran = box.run(["java", "-Xmx128m", "A", "there"], compiled.files, limits)
    assert (ran.outcome, ran.stdout) == (Outcome.OK, b"hi there\n"), ran


def test_programs_need_namespaces() -> None:
    with (
        Sandbox(1, backend=usable("landlock")) as sandbox,
        pytest.raises(SandboxUnavailable, match="apt install bubblewrap"),
    ):
        sandbox.run(["true"])


def test_a_slot_says_what_it_would_not_start_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(SandboxError, match="apt install bubblewrap"):
        Slot("namespaces", ())
