"""What ordinary solutions do, and must be able to."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from verirl_sandbox import Outcome, Sandbox

INNOCENTS: dict[str, tuple[str, list[Any], Any]] = {
    "debug prints": ("def f(x):\n    print('x is', x, flush=True)\n    return x", [1], 1),
    "recursion limit": (
        "import sys\nsys.setrecursionlimit(10**6)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)",
        [20_000],
        20_000,
    ),
    "cache": (
        "import functools\n@functools.lru_cache(None)\ndef f(n): return n if n < 2 else f(n - 1) + f(n - 2)",
        [90],
        2880067194370816120,
    ),
    "its own equality": (
        "class P:\n    def __init__(s, x): s.x = x\n    def __eq__(s, o): return s.x == o.x\n    def __hash__(s): return 1\n"
        "def f(x): return len({P(x), P(x)})",
        [1],
        1,
    ),
    "a variable named exit": ("def f(x):\n    exit = quit = input = x\n    return exit", [1], 1),
    "dataclass": (
        "from dataclasses import dataclass, asdict\n@dataclass\nclass P:\n    x: int\ndef f(x): return asdict(P(x))",
        [1],
        {"x": 1},
    ),
    "threads that end": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "def f(x):\n    with ThreadPoolExecutor(4) as pool: return list(pool.map(abs, x))",
        [[-1, 2]],
        [1, 2],
    ),
    "asyncio": ("import asyncio\nasync def g(x): return x\ndef f(x): return asyncio.run(g(x))", [1], 1),
    "named tuple": (
        "from collections import namedtuple\nP = namedtuple('P', 'a b')\ndef f(x): return P(x, x)",
        [1],
        (1, 1),
    ),
    "counter": ("from collections import Counter\ndef f(x): return Counter(x)", ["aab"], {"a": 2, "b": 1}),
    "enum": ("import enum\nclass C(enum.IntEnum):\n    A = 1\ndef f(x): return C.A", [0], 1),
    "typing": ("from typing import List, Optional\ndef f(x: List[int]) -> Optional[int]: return x[0]", [[7]], 7),
    "dates": ("import datetime\ndef f(x): return datetime.datetime.strptime(x, '%Y-%m-%d').year", ["2024-02-29"], 2024),
    "decimal": ("from decimal import Decimal\ndef f(x): return str(Decimal(x) * 3)", ["0.1"], "0.3"),
    "encodings": ("def f(x): return x.encode('utf-16').decode('utf-16').encode('cp1252')", ["é"], b"\xe9"),
    "escapes": ("def f(): return '\\N{GREEK SMALL LETTER ALPHA}'", [], "α"),
    "hashing": ("import hashlib\ndef f(x): return hashlib.sha256(x.encode()).hexdigest()[:8]", ["a"], "ca978112"),
    "seeded chance": ("import random\ndef f(): return random.Random(1).randint(1, 10**6)", [], 140892),
    "order of a set": (
        "def f(x): return sorted(set(x)), list(set(x)) == list(set(x))",
        ["banana"],
        (["a", "b", "n"], True),
    ),
    "a file of its own": ("def f():\n    open('x', 'w').write('hi')\n    return open('x').read()", [], "hi"),
    "text in memory": (
        "import io\ndef f():\n    b = io.StringIO()\n    print('hi', file=b)\n    return b.getvalue()",
        [],
        "hi\n",
    ),
    "an alarm of its own": (
        "import signal\ndef f():\n    signal.alarm(5)\n    signal.alarm(0)\n    return 1",
        [],
        1,
    ),
    "static method": ("class S:\n    @staticmethod\n    def g(x): return x\nf = S.g", [3], 3),
    "generator made a list": (
        "def f(n):\n    def g():\n        yield from range(n)\n    return list(g())",
        [3],
        [0, 1, 2],
    ),
    "main guard": ("def f(): return __name__\nif __name__ == '__main__': raise SystemExit", [], "candidate"),
    "an exception of its own": ("class E(Exception): pass\ndef f():\n    try: raise E\n    except E: return 1", [], 1),
    "warnings": ("import warnings\ndef f():\n    warnings.warn('old')\n    return 1", [], 1),
    "long integers": ("import math\ndef f(): return math.factorial(1000)", [], __import__("math").factorial(1000)),
}


@pytest.mark.parametrize("name", INNOCENTS)
def test_an_innocent(sandbox: Sandbox, name: str) -> None:
    source, arguments, expected = INNOCENTS[name]
    result = sandbox.call(source, "f", [arguments, arguments])
    assert result.outcome == Outcome.OK, result
    assert [call.value for call in result.calls] == [expected, expected]
    assert [type(call.value) for call in result.calls] == [type(expected)] * 2


def test_arguments_afterwards(sandbox: Sandbox) -> None:
    source = "def f(a, b, c):\n    a.append(1)\n    b['k'] = a\n    c += 1\n    a = None"
    result = sandbox.call(source, "f", [[[0], {}, 5], [[], {1: 2}, 6]])
    assert [call.args_after for call in result.calls] == [[[0, 1], {"k": [0, 1]}, 5], [[1], {1: 2, "k": [1]}, 6]]


def test_arguments_after_an_exception(sandbox: Sandbox) -> None:
    result = sandbox.call("def f(a):\n    a.clear()\n    raise ValueError('x')", "f", [[[1, 2]]])
    assert (result.calls[0].exception, result.calls[0].args_after) == ("ValueError", [[]])


def test_output_is_kept_apart(sandbox: Sandbox) -> None:
    source = "import sys\nprint('loaded')\ndef f():\n    print('out')\n    print('err', file=sys.stderr)"
    result = sandbox.call(source, "f", [[]])
    assert (result.stdout, result.stderr) == ("loaded\nout\n", "err\n")


def test_a_dotted_path(sandbox: Sandbox) -> None:
    source = textwrap.dedent("""
        class Outer:
            class Inner:
                @classmethod
                def f(cls, x): return x + 1
    """)
    assert sandbox.call(source, "Outer.Inner.f", [[1]]).calls[0].value == 2
