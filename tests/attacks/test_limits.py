"""Attempts to use up the machine. The verdict is the same every time, and nothing else on the machine feels it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from verirl_sandbox import Limits, Outcome, Result

Attack = Callable[..., Result]


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "while True:\n        try:\n            while True: pass\n        except BaseException: pass",
        "import signal\n    for n in range(1, 65):\n        try: signal.signal(n, signal.SIG_IGN)\n"
        "        except (OSError, ValueError): pass\n    while True: pass",
        "import signal\n    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n    while True: pass",
        "import resource\n    resource.setrlimit(resource.RLIMIT_CPU, (1, 1)) if False else None\n    while True: pass",
        "import re\n    return re.match('(a+)+$', 'a' * 60 + 'b')",
        "return 10 ** 10 ** 8",
        "import threading\n    for _ in range(4): threading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()\n"
        "    while True: pass",
        "return sum(iter(int, 1))",
    ],
)
def test_endless_work(attack: Attack, body: str) -> None:
    result = attack(f"def f():\n    {body}")
    assert result.outcome == Outcome.CPU_LIMIT
    assert result.calls == []


def test_endless_work_while_it_is_loaded(attack: Attack) -> None:
    assert attack("while True: pass\ndef f(): return 1").outcome == Outcome.CPU_LIMIT


def test_endless_work_after_the_answer(attack: Attack) -> None:
    """A thread that goes on ends with the process."""
    source = """
    import threading
    def spin():
        while True: pass
    def f():
        threading.Thread(target=spin).start()
        return 5
    """
    assert attack(source).calls[0].value == 5


@pytest.mark.parametrize(
    "body",
    [
        "import time\n    time.sleep(1000)",
        "import threading\n    threading.Event().wait()",
        "import os\n    os.read(os.pipe()[0], 1)",
        "import signal\n    signal.pause()",
        "import os\n    os.read(3, 100)",  # the next question, which does not come
    ],
)
def test_sleep(attack: Attack, body: str) -> None:
    result = attack(f"def f():\n    {body}", limits=Limits(cpu_seconds=0.5, wall_seconds=0.5))
    assert result.outcome == Outcome.WALL_LIMIT


@pytest.mark.parametrize(
    "body",
    [
        "return len(bytearray(8 << 30))",
        "x = []\n    while True: x.append(bytearray(1 << 20))",
        "return len([0] * 10**9)",
        "import mmap\n    return len(mmap.mmap(-1, 8 << 30))",
    ],
)
def test_memory(attack: Attack, body: str) -> None:
    result = attack(f"def f():\n    {body}", limits=Limits(cpu_seconds=5, memory_mib=128))
    assert result.outcome == Outcome.MEMORY_LIMIT or result.calls[0].exception == "OSError"
    assert all(call.value is None for call in result.calls)


def test_memory_that_is_swallowed_is_still_not_had(attack: Attack) -> None:
    source = """
    def f():
        blocks = []
        try:
            while True: blocks.append(bytearray(1 << 20))
        except MemoryError:
            return len(blocks)
    """
    held = attack(source, limits=Limits(cpu_seconds=5, memory_mib=128)).calls[0].value
    assert held <= 128


def test_a_hundred_mebibytes_of_stack(attack: Attack) -> None:
    source = """
    import sys
    class Deep:
        def __repr__(self): return repr(self)
    def f():
        sys.setrecursionlimit(10**8)
        return repr(Deep())
    """
    result = attack(source, limits=Limits(cpu_seconds=5, memory_mib=128))
    assert result.outcome in (Outcome.CRASHED, Outcome.MEMORY_LIMIT, Outcome.CPU_LIMIT) or result.calls[0].exception


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_gigabyte_of_output(attack: Attack, stream: str) -> None:
    result = attack(
        f"import sys\ndef f():\n    for _ in range(1024): sys.{stream}.write('x' * (1 << 20))\n    return 5"
    )
    assert result.outcome == Outcome.OUTPUT_LIMIT
    assert len(result.stdout) + len(result.stderr) == 64 << 10
    assert result.output_bytes < 8 << 20


@pytest.mark.parametrize("stack_size", [32 << 10, 0])
def test_ten_thousand_threads(attack: Attack, stack_size: int) -> None:
    source = f"""
    import threading, time
    threading.stack_size({stack_size})
    def f():
        for _ in range(10_000): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        return 5
    """
    result = attack(source, limits=Limits(cpu_seconds=5, memory_mib=128, threads=16))
    assert result.outcome == Outcome.MEMORY_LIMIT or result.calls[0].exception == "RuntimeError"


def test_a_large_file(attack: Attack) -> None:
    source = "def f():\n    with open('x', 'wb') as file:\n        while True: file.write(bytes(1 << 20))"
    result = attack(source)
    assert result.outcome == Outcome.FILE_LIMIT or result.calls[0].exception == "OSError"


def test_many_files(attack: Attack) -> None:
    source = """
    def f():
        for number in range(1000):
            with open(str(number), 'wb') as file: file.write(bytes(1 << 20))
        return 5
    """
    result = attack(source, limits=Limits(cpu_seconds=5, file_mib=4))
    assert result.outcome == Outcome.FILE_LIMIT or result.calls[0].exception == "OSError"


def test_many_empty_files(attack: Attack) -> None:
    source = "def f():\n    for number in range(10**6): open(str(number), 'w').close()\n    return 5"
    result = attack(source, limits=Limits(cpu_seconds=5, file_mib=4))
    assert result.outcome in (Outcome.FILE_LIMIT, Outcome.CPU_LIMIT) or result.calls[0].exception == "OSError"


def test_folders_in_folders(attack: Attack) -> None:
    source = """
    import os
    def f():
        for _ in range(10**5):
            os.mkdir('d')
            os.chdir('d')
        return 5
    """
    result = attack(source, limits=Limits(cpu_seconds=2, file_mib=4))
    assert not result.calls or result.calls[0].exception in ("OSError", "PermissionError")


def test_open_files(attack: Attack) -> None:
    result = attack("import os\ndef f():\n    return [os.dup(0) for _ in range(1000)]")
    assert result.calls[0].exception == "OSError"


def test_limits_cannot_be_raised(attack: Attack) -> None:
    source = """
    import resource
    def f():
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        return 5
    """
    assert attack(source).calls[0].exception in ("ValueError", "PermissionError")


@pytest.mark.parametrize(
    ("body", "limits"),
    [
        ("import time\n    while time.process_time() < 0.9 * 0.5: pass", Limits(cpu_seconds=0.6)),
        ("len(bytearray(int(0.9 * (128 << 20))))", Limits(memory_mib=128)),
        ("open('x', 'wb').write(bytes(int(0.9 * (4 << 20))))", Limits(file_mib=4)),
        ("print('x' * int(0.9 * (2 << 20)))", Limits(flood_mib=2)),
        ("import os\n    [os.dup(0) for _ in range(56)]", Limits(open_files=64)),
        (
            "import threading\n    e = threading.Event()\n    t = [threading.Thread(target=e.wait) for _ in range(14)]\n"
            "    [x.start() for x in t]\n    e.set()\n    [x.join() for x in t]",
            Limits(threads=16),
        ),
    ],
)
def test_nine_tenths_of_a_limit_are_allowed(attack: Attack, body: str, limits: Limits) -> None:
    result = attack(f"def f():\n    {body}\n    return 5", limits=limits)
    assert (result.outcome, result.calls[0].value) == (Outcome.OK, 5), result.detail


def test_nine_tenths_of_an_answer(attack: Attack) -> None:
    result = attack("def f(): return 'x' * int(0.9 * (256 << 10))", limits=Limits(answer_kib=256))
    assert len(result.calls[0].value) == int(0.9 * (256 << 10))
