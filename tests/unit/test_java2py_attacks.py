"""Hostile answers never earn: neither through the screen of `answer.check`, nor where that lets everything through."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from verirl.types import Problem, Status
from verirl_sandbox import Sandbox, backends
from verirl_tasks.java2py import Java2PyConfig, Java2PyTask
from verirl_tasks.java2py import task as module
from verirl_tasks.java2py.prompt import answer

pytestmark = pytest.mark.skipif(
    shutil.which("javac") is None or backends.problem("namespaces") is not None, reason="needs a JDK and bubblewrap"
)
PROBLEM = Problem(
    id="p",
    prompt=[],
    data={
        "java": "class A { static int[] f(int[] a) { for (int i = 0; i < a.length; i++) a[i] ^= 5; return a; } }",
        "method": "f",
    },
    split="test",
)
RIGHT = "def f(a):\n    for i in range(len(a)): a[i] ^= 5\n    return a\n"
ATTACKS = {
    "equal to all": "class E(list):\n    def __eq__(self, o): return True\n    def __len__(self): return 0\ndef f(a): return E()",
    "lying metaclass": "class M(type):\n    __instancecheck__ = lambda c, o: True\nclass L(metaclass=M):\n    __class__ = list\ndef f(a): return L()",
    "patched encoder": "import json, verirl_sandbox.plain as p\np.encode = lambda *a, **k: '[\"value\",[],null]'\ndef f(a): return a",
    "patched compare": "import builtins\nbuiltins.type = lambda o: list\nbuiltins.len = lambda o: 0\ndef f(a): return a",
    "frames of the caller": "import sys\ndef f(a):\n    g = sys._getframe(1)\n    g.f_locals['value'] = [1]\n    return g.f_locals.get('expected', a)",
    "objects of the process": "import gc\ndef f(a):\n    return next((o for o in gc.get_objects() if type(o) is list and len(o) == len(a) and o is not a), a)",
    "answers on every descriptor": "import os, struct\nB = b'[\"value\",[0],null]'\ndef f(a):\n    for n in range(20):\n        try: os.write(n, struct.pack('>I', len(B)) + B)\n        except OSError: pass\n    return a",
    "leaves": "import os\ndef f(a): os._exit(0)",
    "leaves quietly": "def f(a): raise SystemExit(0)",
    "leaves while it is loaded": "raise SystemExit(0)\ndef f(a): return a",
    "counts": "n = []\ndef f(a):\n    n.append(1)\n    if len(n) % 7 == 3: return a\n    for i in range(len(a)): a[i] ^= 5\n    return a",
    "looks at the clock": "import time\ndef f(a):\n    if time.perf_counter_ns() % 3 == 0: return a\n    for i in range(len(a)): a[i] ^= 5\n    return a",
    "returns itself": "def f(a): return f",
    "nested for ever": "def f(a):\n    b = []\n    b.append(b)\n    return b",
    "generator": "def f(a):\n    for x in a: yield x ^ 5",
    "another process": "import os\ndef f(a):\n    os.fork()\n    return a",
    "crashes": "import ctypes\ndef f(a): ctypes.string_at(0)",
    "reads the task": "def f(a):\n    import glob\n    return [open(p).read() for p in glob.glob('/**/*.z', recursive=True)]",
    "floods": "def f(a):\n    while True: print('x' * 10**6)",
    "patched list": "import sys\nsys.modules['candidate'].f = None\ndef f(a): return list",
    "raises all": "def f(a): raise Exception",
    "a copy": "def f(a): return [x ^ 5 for x in a]",
}  # fmt: skip


@pytest.fixture(scope="module")
def tools() -> Iterator[Any]:
    with Sandbox(1) as made:
        yield SimpleNamespace(sandbox=made)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Java2PyTask]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERIRL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield Java2PyTask(Java2PyConfig(pool=100, cpu_seconds=0.5))


def test_the_right_answer_earns(task: Java2PyTask, tools: Any) -> None:
    assert task.verify(PROBLEM, answer(RIGHT), tools).status is Status.CORRECT


@pytest.mark.parametrize("screened", [True, False])
@pytest.mark.parametrize("name", ATTACKS)
def test_no_attack_earns(
    task: Java2PyTask, tools: Any, name: str, screened: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not screened:
        monkeypatch.setattr(module, "check", lambda code, name: None)
    verdict = task.verify(PROBLEM, answer(ATTACKS[name]), tools)
    assert verdict.reward == 0
    assert verdict.status in (Status.INCORRECT, Status.LIMIT, Status.TIMEOUT, Status.UNPARSEABLE)
    assert verdict.reason
    assert task.verify(PROBLEM, answer(RIGHT), tools).status is Status.CORRECT  # nothing is left behind
