"""Does the sandbox leak? 20,000 runs (or --runs N; a soak has 200,000), one in five hostile, and what they leave behind in
this process and on the machine: memory, descriptors, threads, processes, files. The first tenth counts as warm-up."""

from __future__ import annotations

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import psutil
from _rows import Row, print_rows

from verirl_sandbox import Limits, Outcome, Sandbox

RUNS = 20_000
INNOCENT = "def f(x):\n    print(x)\n    return [x, x + 1]"
HOSTILE = [
    "import os\ndef f(x): os._exit(0)",
    "def f(x): return 10 ** 10 ** 8",
    "def f(x): return len(bytearray(8 << 30))",
    "import ctypes\ndef f(x): ctypes.string_at(0)",
    "import os\ndef f(x):\n    while True: os.fork()",
    "import os\ndef f(x):\n    for n in range(256):\n        try: os.write(n, bytes(64))\n        except OSError: pass",
    "import sys\ndef f(x):\n    while True: sys.stdout.write('x' * (1 << 16))",
    "def f(x):\n    for n in range(1000): open(str(n), 'wb').write(bytes(1 << 16))",
    "def f(x):\n    a = []\n    a.append(a)\n    return a",
    "import sys\nsys.exit(0)",
]
LIMITS = Limits(cpu_seconds=0.05, wall_seconds=5, memory_mib=64, flood_mib=1, file_mib=1)


def state() -> dict[str, float]:
    me = psutil.Process()
    children = me.children(recursive=True)
    return {
        "resident memory, MiB": me.memory_info().rss / 2**20,
        "resident memory of the zygotes, MiB": sum(child.memory_info().rss for child in children) / 2**20,
        "descriptors": me.num_fds(),
        "threads": me.num_threads(),
        "processes": len(children),
        "temporary files": sum(name.startswith("verirl-sandbox-") for name in os.listdir(tempfile.gettempdir())),
    }


def main() -> None:
    runs = int(sys.argv[sys.argv.index("--runs") + 1]) if "--runs" in sys.argv else RUNS
    outcomes: dict[str, int] = {}
    wrong = 0
    with Sandbox(limits=LIMITS, second_look=0) as sandbox, ThreadPoolExecutor(sandbox.slots) as threads:

        def one(number: int) -> tuple[bool, Outcome, bool]:
            hostile = number % 5 == 0
            result = sandbox.call(HOSTILE[number // 5 % len(HOSTILE)] if hostile else INNOCENT, "f", [[number]])
            right = hostile or (result.ok and result.calls[0].value == [number, number + 1])
            return hostile, result.outcome, right

        def batch(first: int, last: int) -> int:
            failed = 0
            for hostile, outcome, right in threads.map(one, range(first, last)):
                name = f"{'hostile' if hostile else 'innocent'}: {outcome}"
                outcomes[name] = outcomes.get(name, 0) + 1
                failed += not right
            return failed

        warm = runs // 10
        wrong += batch(0, warm)
        before = state()
        for first in range(warm, runs, 1000):
            wrong += batch(first, min(first + 1000, runs))
        after = state()
    rows = [Row(f"{name}, after {runs} runs (peer: after {warm})", after[name], before[name]) for name in before]
    rows += [Row(f"runs that ended so: {name}", count) for name, count in sorted(outcomes.items())]
    rows.append(Row("innocent runs with a wrong answer", wrong))
    print_rows("a soak of the sandbox", rows)


if __name__ == "__main__":
    main()
