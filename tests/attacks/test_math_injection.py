"""Nothing that a response holds is ever run, and nothing that it holds is slow."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import verirl_tasks.math
from verirl.types import Problem, Status
from verirl_tasks.math import MathConfig, MathTask

SOURCES = sorted(Path(verirl_tasks.math.__file__).parent.rglob("*.py"))
FORBIDDEN = {"eval", "exec", "compile", "sympify", "parse_expr", "lambdify", "parse_latex", "__import__", "pickle"}
TOOLS: Any = None
COMMAND = "__import__('os').system('touch verirl_pwned')"

PAYLOADS = [
    COMMAND,
    f"[{COMMAND},\\pi][0]",
    f"\\text{{{COMMAND}}}",
    f"\\frac{{{COMMAND}}}{{1}}",
    "x.__class__.__mro__[1].__subclasses__()",
    "lambda:4",
    "Symbol('4')",
    "exec(\"open('verirl_pwned','w')\")",
    r"\input{/etc/passwd}",
    r"\write18{touch verirl_pwned}",
    r"\def\x{\x\x}\x",
    "${touch verirl_pwned}",
    "`touch verirl_pwned`",
    "\x00\ud800",
    "__import__('subprocess').Popen(['touch','verirl_pwned'])",
    "__import__('socket').create_connection(('127.0.0.1',9))",
    "__import__('urllib.request').request.urlopen('http://127.0.0.1')",
    "eval(\"__import__('os').system('touch verirl_pwned')\")",
    "(lambda: __import__('os').system('touch verirl_pwned'))()",
    "[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'Popen'][0](['touch','verirl_pwned'])",
    "getattr(getattr(__builtins__, 'open')('verirl_pwned','w'), 'write')('x')",
    "globals()['__builtins__']['open']('verirl_pwned','w')",
    'sympify(\'__import__("os").system("touch verirl_pwned")\')',
    'Integer(7).func(\'__import__("os").system("touch verirl_pwned")\')',
    "parse_expr('print(7)')",
    "Function('f')(7).subs('f', '__import__')",
    "N('7', 10**9)",
    "S('7').n(10**9)",
    "sympy.core.sympify.sympify('7')",
    'simplify(\'open("verirl_pwned","w")\')',
    'lambdify(x, \'open("verirl_pwned","w")\')(7)',
    'f\'{open("verirl_pwned","w")}\'',
    "%s % open('verirl_pwned','w')",
    "{0.__class__.__init__.__globals__}",
    "{{7*7}}",
    "{% import os %}{{ os.system('touch verirl_pwned') }}",
    "${7*7}",
    "#{`touch verirl_pwned`}",
    "$(touch verirl_pwned)",
    "; touch verirl_pwned #",
    "| touch verirl_pwned",
    "&& touch verirl_pwned",
    "\n touch verirl_pwned \n",
    r"\immediate\write18{touch verirl_pwned}",
    r"\openout1=verirl_pwned",
    r"\include{/etc/passwd}",
    r"\catcode`\@=11",
    r"\csname input\endcsname{/etc/passwd}",
    r"\loop\iftrue\repeat",
    r"\directlua{os.execute('touch verirl_pwned')}",
    r"\href{javascript:alert(7)}{7}",
    r"\url{file:///etc/passwd}",
    "!!python/object/apply:os.system ['touch verirl_pwned']",
    "cos\nsystem\n(S'touch verirl_pwned'\ntR.",
    "gASVIQAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAJscyCUhZRSlC4=",
    "<script>open('verirl_pwned')</script>",
    "<!--#exec cmd='touch verirl_pwned'-->",
    "' OR 1=1 --",
    "<?php system('touch verirl_pwned'); ?>",
    "exit()",
    "raise SystemExit(0)",
    "while True: pass",
    "import os; os.fork()",
    "\u202e7",
]
FORBIDDEN_EVENTS = (
    "compile",
    "exec",
    "open",
    "os.",
    "subprocess.",
    "socket.",
    "shutil.",
    "ctypes.",
    "pickle.",
    "code.",
)
WATCHER = """
import json, sys, threading
from verirl.types import Problem
from verirl_tasks.math import MathConfig, MathTask
tasks = [MathTask(MathConfig(extraction=mode, form="any")) for mode in ("boxed", "number", "lenient")]
def verify_all(payloads):
    for payload in payloads:
        for task in tasks:
            for gold in ("7", "x", r"\\sqrt{2}", "1,2", r"\\text{yes}", r"x \\ge 0", payload):
                for response in (payload, "\\\\boxed{" + payload + "}", "The answer is " + payload):
                    task.verify(Problem(id="p", prompt=[], data={"answer": gold}, split="test"), response, None)
verify_all(["7+x", r"\\sin x", r"\\sqrt{2}+1", r"\\{1,2\\}"])  # what is imported late is imported now
payloads, forbidden = json.load(sys.stdin)
seen = []
sys.addaudithook(lambda event, args: seen.append([event, repr(args)[:200]]) if event.startswith(tuple(forbidden)) else None)
before = threading.active_count()
verify_all(payloads)
found = list(seen)
print(json.dumps([found, threading.active_count() - before]))
"""

NEST = r"\sin(\cos(\tan("
BOMBS = [
    r"\boxed{9^{9^{9^{9^9}}}}",
    r"\boxed{\dfrac{5^{\left(5^{\left(5^{\left(5^5\right)}\right)} - 4\right)} - 5}{16}}",
    r"\boxed{(10^{9})!}",
    r"\boxed{((((9!)!)!)!)!}",
    r"\boxed{\binom{10^{9}}{5\cdot 10^{8}}}",
    r"\boxed{1e1000000000}",
    r"\boxed{" + "+".join(["9^{6000}"] * 100) + "}",
    r"\boxed{" + "*".join(["9^{1000}"] * 100) + "}",
    r"\boxed{" + "*".join(["1000!"] * 150) + "}",
    r"\boxed{" + "+".join(["1/x^{900}"] * 90) + "}",
    r"\boxed{" + "+".join([r"\sqrt{x}"] * 100) + "}",
    r"\boxed{" + "^".join(["x"] * 300) + "}",
    r"\boxed{" + "!" * 900 + "}",
    r"\boxed{5" + "!" * 900 + "}",
    r"\boxed{" + "-" * 900 + "5}",
    r"\boxed{" + "(" * 400 + "5" + ")" * 400 + "}",
    r"\boxed{" + "{" * 400 + "5" + "}" * 400 + "}",
    r"\boxed{" + "|" * 900 + "}",
    r"\boxed{" + NEST * 20 + "x" + ")" * 60 + "}",
    r"\boxed{" + r"\sqrt" * 150 + "2}",
    r"\boxed{" + r"\pm 1" * 180 + "}",
    r"\boxed{" + ",".join(["1"] * 450) + "}",
    r"\boxed{" + "1" * 100_000 + "}",
    r"\boxed{" * 20_000,
    r"\boxed{1} or " * 10_000,
    r"\[ " * 50_000,
    "answer " * 50_000,
    "{" * 200_000,
    "1," * 100_000,
]


def verify(gold: str, response: str, **config: Any) -> Any:
    problem = Problem(id="p", prompt=[], data={"answer": gold}, split="test")
    return MathTask(MathConfig.model_validate(config)).verify(problem, response, TOOLS)


def test_the_sources_hold_no_way_to_run_text() -> None:
    assert len(SOURCES) >= 5
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            names = set()
            if isinstance(node, ast.Name):
                names = {node.id}
            elif isinstance(node, ast.Attribute):
                # re.compile takes a pattern of ours
                names = set() if ast.unparse(node) == "re.compile" else {node.attr}
            elif isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name.split(".")[0] for alias in node.names} | {getattr(node, "module", None) or ""}
                assert "sympy" not in names or source.name == "symbolic.py"  # which builds its objects itself
            assert not names & FORBIDDEN, f"{source.name}: {names}"


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("extraction", ["boxed", "number"])
def test_payloads_run_nothing_and_earn_nothing(
    payload: str, extraction: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for gold in ("0", "7", "x", r"0\pi", r"\text{yes}", "1,2"):
        if extraction == "number" and gold[0] in payload:
            continue  # a number that stands there is an answer
        for response in (rf"\boxed{{{payload}}}", payload, rf"\boxed{{{gold}+{payload}}} 99"):
            verdict = verify(gold, response, extraction=extraction)
            assert verdict.status is not Status.CORRECT and verdict.reward == 0.0
    assert list(tmp_path.iterdir()) == []


def test_payloads_make_the_interpreter_do_nothing(tmp_path: Path) -> None:
    """Its own audit events are watched: no code is compiled or run, no file, process or socket is opened."""
    assert len(PAYLOADS) >= 50
    done = subprocess.run(
        [sys.executable, "-c", WATCHER],
        input=json.dumps([PAYLOADS, FORBIDDEN_EVENTS]),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[], 0]
    assert list(tmp_path.iterdir()) == []


def test_a_payload_as_gold_runs_nothing_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for payload in PAYLOADS:
        assert verify(payload, r"\boxed{0}").reward in (None, 0.0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bomb", BOMBS, ids=[bomb[:40].encode("unicode_escape").decode() for bomb in BOMBS])
@pytest.mark.parametrize("gold", ["4", r"\sqrt{2}", "x^2", "1,2"])
def test_bombs_end_fast_and_earn_nothing(bomb: str, gold: str) -> None:
    begun = time.process_time()
    verdict = verify(gold, bomb)
    assert time.process_time() - begun < 10  # CPU time: a bomb that goes off takes minutes
    assert verdict.status is not Status.CORRECT and verdict.reward == 0.0


CASES = Path(os.environ.get("VERIRL_CASES", "no folder")) / "math_verifier.jsonl"


@pytest.mark.skipif(not CASES.exists(), reason="VERIRL_CASES names no folder with math_verifier.jsonl")
def test_graded_cases() -> None:
    """Every `must` case, and no wrong answer accepted in any other."""
    for line in CASES.read_text("utf-8").splitlines():
        case = json.loads(line)
        found = verify(case["problem"]["answer"], case["response"]).status is Status.CORRECT
        if case["tier"] == "must" or not case["correct"]:
            assert found == case["correct"], case["id"]
