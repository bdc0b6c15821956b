"""Which block is the answer, and what a translation may not contain."""

from __future__ import annotations

import pytest

from verirl.types import Status
from verirl_tasks.java2py.answer import check, extract


@pytest.mark.parametrize(
    ("response", "code"),
    [
        ("```python\na = 1\n```", "a = 1\n"),
        ("x\r\n```python\r\na = 1\r\n```\r\n", "a = 1\n"),
        ("```Python3\na\n```\nand\n```py\nb\n```", "b\n"),
        ("```python\na\n```\n```\nb\n```\n```java\nc\n```", "a\n"),
        ("1. So:\n   ```python\n   def f():\n       pass\n   ```", "def f():\n    pass\n"),
        ('```python\ns = """\n  ```x\n"""\n```', 's = """\n  ```x\n"""\n'),
        ("````python\na\n```\nb\n````", "a\n```\nb\n"),
        ("```python\n```", ""),
        ("no block", None),
        ("``` python\nopen", None),
        ("```python\na\n```\n```python\nb", None),
        ("inline ```python a```", None),
    ],
)
def test_the_last_python_block_is_the_answer(response: str, code: str | None) -> None:
    assert extract(response).code == code


@pytest.mark.parametrize(
    "code",
    [
        "import typing, math, collections, functools, itertools, re, heapq, struct, decimal, fractions, string, bisect, copy\n",
        "import enum, abc, operator, random, sys, datetime, json\nfrom collections.abc import Iterable\n",
        "from __future__ import annotations\nfrom dataclasses import dataclass, field\n",
        "import sys\nsys.setrecursionlimit(5000)\nX = sys.maxsize\n",
        "def open(n):\n    return n\nopen(1)\n",
        "def compile(a, eval): return eval(a)\n",
        "re = 1\nx = [].sort\nclass A:\n    def __eq__(self, o): return self.__dict__ == o.__dict__\n",
    ],
)
def test_what_translations_use_is_allowed(code: str) -> None:
    assert check(code + "def f(): pass\n", "f") is None


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os", "line 1: it imports os,"),
        ("import os.path as p", "imports os.path"),
        ("from subprocess import run", "imports from subprocess"),
        ("import ctypes", "imports ctypes"),
        ("import numpy as np", "imports numpy"),
        ("from . import x", "imports from ."),
        ("def g():\n  import socket", "line 2: it imports socket"),
        ("import sys as s", "imports sys as s"),
        ("import sys\nsys.exit(0)", "uses sys.exit"),
        ("from sys import modules", "imports sys.modules"),
        ("import random\nrandom._os.system('x')", "uses ._os"),
        ("from random import _os", "imports random._os"),
        ("__import__('os')", "uses __import__"),
        ("eval('1')", "uses eval"),
        ("open('/etc/passwd')", "uses open"),
        ("x = ().__class__.__base__.__subclasses__()", "uses .__subclasses__"),
        ("x = (lambda: 0).__globals__", "uses .__globals__"),
        ("x = __builtins__", "uses __builtins__"),
    ],
)
def test_what_has_no_place_in_a_translation_is_a_verdict_of_its_own(code: str, said: str) -> None:
    refusal = check(code + "\ndef f(): pass\n", "f")
    assert refusal is not None
    assert refusal.status is Status.LIMIT
    assert said in refusal.reason


@pytest.mark.parametrize(
    "code",
    [
        "def f(:",
        "def g(): pass",
        "\0",
        "x = '\ud800'\n",
        "(" * 1000 + ")" * 1000,
        "-" * 50_000 + "1",
        "  def f(): pass\n x",
    ],
)
def test_what_python_does_not_take_is_unparseable(code: str) -> None:
    refusal = check(code, "f")
    assert refusal is not None
    assert refusal.status is Status.UNPARSEABLE


def test_a_strange_escape_is_no_warning() -> None:
    assert check("def f(): return '\\d'", "f") is None


def test_too_much_is_a_limit() -> None:
    refusal = check("#" * 200_000, "f")
    assert refusal is not None
    assert refusal.status is Status.LIMIT
