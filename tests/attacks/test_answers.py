"""Attempts to have a wrong answer taken for a right one. Whoever compares sees plain data, and exactly one answer a call."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from verirl_sandbox import Opaque, Outcome, Result, Sandbox

Attack = Callable[..., Result]


@pytest.mark.parametrize(
    "leave",
    [
        "import sys; sys.exit(0)",
        "raise SystemExit",
        "import os; os._exit(0)",
        "import posix; posix._exit(0)",
        "import os; os.abort()",
    ],
)
def test_leaving_while_it_is_loaded(attack: Attack, leave: str) -> None:
    result = attack(f"{leave}\ndef f(): return 1")
    assert result.outcome in (Outcome.LOAD_ERROR, Outcome.EXITED, Outcome.CRASHED)
    assert result.calls == []


@pytest.mark.parametrize(
    ("leave", "outcome", "exception"),
    [
        ("import sys; sys.exit(0)", Outcome.OK, "SystemExit"),
        ("raise SystemExit(0)", Outcome.OK, "SystemExit"),
        ("raise KeyboardInterrupt", Outcome.OK, "KeyboardInterrupt"),
        ("import os; os._exit(0)", Outcome.EXITED, None),
        ("import posix; posix._exit(0)", Outcome.EXITED, None),
        ("import ctypes; ctypes.string_at(0)", Outcome.CRASHED, None),
        (
            "import os\n    for n in range(256):\n        try: os.close(n)\n        except OSError: pass",
            Outcome.EXITED,
            None,
        ),
    ],
)
def test_leaving_in_a_call(attack: Attack, leave: str, outcome: Outcome, exception: str | None) -> None:
    result = attack(f"def f():\n    {leave}")
    assert result.outcome == outcome
    assert [call.exception for call in result.calls] == ([exception] if exception else [])
    assert all(call.value is None for call in result.calls)


def test_a_caught_exit_is_an_ordinary_call(attack: Attack) -> None:
    result = attack("import sys\ndef f():\n    try: sys.exit()\n    except SystemExit: return 5")
    assert result.calls[0].value == 5


LIAR = """
class Liar(BASE):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __iter__(self): return iter([1, 2, 3])
    def __len__(self): return 3
    def __str__(self): return "6"
    __repr__ = __str__
    def __bool__(self): return True
    def __reduce__(self): return (eval, ("6",))
    def __float__(self): return 6.0
    def __index__(self): return 6
    def __getattribute__(self, name): return 6
def f(): return Liar(*ARGUMENTS)
"""


def test_an_object_that_equals_everything_equals_nothing(attack: Attack) -> None:
    value = attack(LIAR.replace("BASE", "object").replace("ARGUMENTS", "[]")).calls[0].value
    assert isinstance(value, Opaque)
    assert value != 6
    assert value != value  # noqa: PLR0124
    assert value.type == "Liar"


@pytest.mark.parametrize(
    ("base", "arguments", "plain"),
    [
        ("int", "[5]", 5),
        ("float", "[0.5]", 0.5),
        ("str", "['a']", "a"),
        ("bytes", "[b'a']", b"a"),
        ("list", "[[9]]", [9]),
        ("tuple", "[[9]]", (9,)),
        ("set", "[[9]]", {9}),
        ("frozenset", "[[9]]", frozenset({9})),
        ("dict", "[[(1, 9)]]", {1: 9}),
        ("complex", "[1, 2]", 1 + 2j),
    ],
)
def test_an_instance_of_a_subclass_is_what_it_holds(attack: Attack, base: str, arguments: str, plain: Any) -> None:
    value = attack(LIAR.replace("BASE", base).replace("ARGUMENTS", arguments)).calls[0].value
    assert type(value) is type(plain)
    assert value == plain


def test_a_class_with_a_lying_metaclass(attack: Attack) -> None:
    source = """
    class Meta(type):
        __name__ = property(lambda cls: 1 / 0)
        def __instancecheck__(cls, other): return True
        def __subclasscheck__(cls, other): return True
        def __eq__(cls, other): return True
        def __hash__(cls): return hash(int)
    class Lie(metaclass=Meta):
        __class__ = int
    class Error(Exception, metaclass=Meta): pass
    def f(how):
        if how: raise Error
        return Lie()
    """
    assert isinstance(attack(source, False).calls[0].value, Opaque)
    assert attack(source, True).calls[0].exception == "Error"


def test_floats_that_equal_nothing_stay_what_they_are(attack: Attack) -> None:
    value = attack("def f(): return [float('nan'), float('inf'), -float('inf'), -0.0]").calls[0].value
    assert math.isnan(value[0])
    assert value[1:] == [math.inf, -math.inf, 0.0]
    assert math.copysign(1, value[3]) == -1


FRAME = "import os, struct\nANSWER = b'[\"value\",6,null]'\nFRAME = struct.pack('>I', len(ANSWER)) + ANSWER\n"


@pytest.mark.parametrize("times", [1, 2])
def test_an_answer_on_every_descriptor_is_one_too_many(attack: Attack, times: int) -> None:
    loop = f"    for n in range(256):\n        try: os.write(n, FRAME * {times})\n        except OSError: pass\n"
    assert attack(f"{FRAME}def f():\n{loop}    return 5").outcome == Outcome.FORGED


def test_an_answer_while_it_is_loaded(attack: Attack) -> None:
    assert attack(f"{FRAME}os.write(3, FRAME)\ndef f(): return 5").outcome == Outcome.FORGED


def test_success_told_on_stdout_is_output(attack: Attack) -> None:
    result = attack(FRAME + "def f():\n    os.write(1, FRAME)\n    os.write(2, b'OK')\n    return 5")
    assert result.calls[0].value == 5
    assert result.stdout.endswith('["value",6,null]')
    assert result.stderr == "OK"


@pytest.mark.parametrize(
    "payload",
    [
        b"\xff\xff\xff\xff",
        b"\0\0\0\x02[]",
        b"\0\0\0\x04[01]",
        b'\0\0\0\x0f["value",NaN,0]',
        b'\0\0\0\x12["value",1e999,[]]',
        b'\0\0\0\x1b["value",{"a":1,"a":2},[]]',
        b'\0\0\0\x10["value",6,"no"]',
        b'\0\0\0\x12["infra","x",null]',
        b"\0\0\0\x0cready ready!",
    ],
)
def test_what_is_no_answer(attack: Attack, payload: bytes) -> None:
    result = attack(f"import os\ndef f():\n    os.write(3, {payload!r})\n    os._exit(0)")
    assert result.outcome == Outcome.FORGED


def test_half_an_answer(attack: Attack) -> None:
    assert attack(f"{FRAME}def f():\n    os.write(3, FRAME[:-1])\n    os._exit(0)").outcome == Outcome.FORGED


def test_a_flood_on_the_answers_descriptor(attack: Attack) -> None:
    result = attack("import os\ndef f():\n    while True: os.write(3, bytes(1 << 20))")
    assert result.outcome == Outcome.FORGED


@pytest.mark.parametrize(
    ("value", "outcome", "expected"),
    [
        ("'\\ud800\\udfff\\x00'", Outcome.OK, "\ud800\udfff\x00"),
        ("10**3000", Outcome.OK, 10**3000),
        ("-2**63", Outcome.OK, -(2**63)),
        ("'x' * (1 << 20)", Outcome.OUTPUT_LIMIT, None),
        ("[0] * (1 << 20)", Outcome.OUTPUT_LIMIT, None),
        ("print('x' * 300000) or 5", Outcome.OK, 5),
    ],
)
def test_large_and_odd_values(attack: Attack, value: str, outcome: Outcome, expected: Any) -> None:
    result = attack(f"def f(): return {value}")
    assert result.outcome == outcome
    assert [call.value for call in result.calls] == ([expected] if outcome == Outcome.OK else [])


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    x = []\n    for _ in range(100000): x = [x]\n    return x",
        "def f():\n    x = []\n    x.append(x)\n    return x",
        "def f():\n    x = {}\n    x[1] = (x,)\n    return x",
        "def f():\n    return 1 << (4 * 10**6)",
    ],
)
def test_nested_endlessly_or_digits_without_end(attack: Attack, source: str) -> None:
    assert "opaque" in repr(attack(source).calls[0].value).lower()


def test_shared_references_do_not_explode(attack: Attack) -> None:
    source = "def f():\n    x = [1]\n    for _ in range(60): x = [x, x]\n    return x"
    assert attack(source).outcome in (Outcome.OUTPUT_LIMIT, Outcome.CPU_LIMIT)


def test_no_question_comes_before_the_last_one_is_answered(sandbox: Sandbox) -> None:
    """The first comes with the source; what else there is would lie in the channel, at the import or in a call."""
    source = (
        "import os, time\ndef waiting():\n    os.set_blocking(3, False)\n    time.sleep(0.1)\n"
        "    try:\n        return os.read(3, 1 << 16)\n    except BlockingIOError:\n        return b''\n"
        "    finally:\n        os.set_blocking(3, True)\n"
        "at_import = waiting()\ndef f(x):\n    return [x, at_import, waiting()]"
    )
    result = sandbox.call(source, "f", [[1], [2], [3]])
    assert (result.outcome, [call.value for call in result.calls]) == (
        Outcome.OK,
        [[number, b"", b""] for number in (1, 2, 3)],
    )


def test_the_next_calls_arguments_are_not_in_its_memory(sandbox: Sandbox) -> None:
    source = """
import gc, sys
def f(word):
    found = []
    frame = sys._getframe()
    while frame:
        found.append(repr(frame.f_locals)[:10000])
        frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing) in (list, tuple, dict) and len(thing) < 50:
            try: found.append(repr(thing)[:1000])
            except Exception: pass
    needle = "".join(["sesame", "-", "open"])
    return needle in "".join(found)
"""
    result = sandbox.call(source, "f", [["nothing"], ["sesame-open"]])
    assert [call.value for call in result.calls] == [False, True]  # and so it would have been found


@pytest.mark.parametrize(
    "patch",
    [
        "import json; json.dumps = json.JSONEncoder.encode = lambda *a, **k: '[\"value\",6,null]'",
        "import builtins; builtins.len = builtins.type = builtins.isinstance = lambda *a: 6",
        "import time; time.time = time.perf_counter = lambda: 0",
        "import sys; sys.modules.clear()",
        "import unittest; unittest.TestCase.assertEqual = lambda *a: None",
        "import os; os.write = lambda n, data: len(data)",
        "import os; os._exit = os.read = None",
        "import struct; struct.Struct = None",
        "import sys; sys.stdout = sys.stderr = None",
        "import gc; [gc.disable(), gc.set_threshold(0)]",
        "import sys; sys.setrecursionlimit(20)",
        "import verirl_sandbox.plain as p; p.encode = p._Encoder = p.TooLarge = None",
        "import verirl_sandbox.candidate as c; c._send = c._receive = None",
    ],
)
def test_patched_modules_give_no_right_answer(sandbox: Sandbox, patch: str) -> None:
    """Whatever it breaks, it breaks for itself: its own answer, or none."""
    result = sandbox.call(f"def f(x):\n    {patch}\n    return 5", "f", [[1], [2]])
    assert all(call.value == 5 or call.exception for call in result.calls)


def test_state_carried_from_call_to_call_shows(sandbox: Sandbox) -> None:
    table = "seen = []\ndef f(x):\n    seen.append(x)\n    return [10, 20, 30][len(seen) - 1]"
    assert sandbox.call(table, "f", [[1], [2], [3]]).outcome == Outcome.UNSTABLE


def test_chance_shows(attack: Attack) -> None:
    assert attack("import os\ndef f(): return os.urandom(8)").outcome == Outcome.UNSTABLE
