"""`verirl sandbox doctor` and `verirl sandbox run`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from verirl.cli import main
from verirl_sandbox import backends

Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.skipif(backends.problem("namespaces") is not None, reason="namespaces do not work here")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    def call(source: str, *words: str) -> tuple[int, str, str]:
        file = tmp_path / "candidate.py"
        file.write_text(source, encoding="utf-8")
        code = main(["sandbox", "run", str(file), *words])
        return code, *capsys.readouterr()

    return call


def test_a_file(run: Run) -> None:
    code, out, err = run("import sys\nprint('hello')\nprint('oops', file=sys.stderr)")
    assert (code, out) == (0, "hello\n")
    assert err.startswith("oops\nok · ")
    assert "backend namespaces" in err


def test_a_function(run: Run) -> None:
    assert run("def f(a, b): return a * b", "--function", "f", "--args", '["ab", 2]')[:2] == (0, "'abab'\n")
    assert run("def f(): return open('/etc/passwd')", "--function", "f")[:2] == (1, "raised FileNotFoundError\n")


def test_as_json(run: Run) -> None:
    code, out, err = run("def f(): return {1: (2,)}", "--function", "f", "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert (found["outcome"], found["calls"]) == ("ok", [{"value": "{1: (2,)}", "exception": None}])


@pytest.mark.parametrize(
    ("source", "words", "code", "message"),
    [
        ("1 / 0", [], 1, "load_error: ZeroDivisionError while it was loaded, line 1: division by zero"),
        ("while True: pass", ["--cpu-seconds", "0.2"], 1, "cpu_limit: more than 0.2 s of CPU time"),
        ("x = 1", ["--function", "f"], 1, "no_function: the source defines no function 'f'"),
        ("x = 1", ["--args", "[1"], 2, "--args is no JSON"),
        ("def f(): pass", ["--function", "f", "--args", "5"], 2, "the arguments must be a list"),
        ("x = 1", ["--memory-mib", "1"], 2, "limits.memory_mib is 1; it must be a whole number from 16"),
    ],
)
def test_what_goes_wrong(run: Run, source: str, words: list[str], code: int, message: str) -> None:
    found = run(source, *words)
    assert found[0] == code
    assert message in found[2]


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "run", "nothing.py"]) == 2
    assert "nothing.py cannot be read (No such file or directory)" in capsys.readouterr().err


def test_unsafe_says_so(run: Run) -> None:
    code, out, err = run("print(len(open('/etc/passwd').read()) > 0)", "--unsafe")
    assert (code, out) == (0, "True\n")
    assert "backend unsafe, which protects from nothing" in err


def test_without_a_backend_it_refuses(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verirl_sandbox.backends.problem", lambda name: "not here")
    code, _, err = run("print(1)")
    assert code == 2
    assert "no sandbox works here" in err
    assert "apt install bubblewrap" in err


def test_the_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sandbox", "doctor", "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (found["backend"], found["safe"]) == ("namespaces", True)
    assert len(found["protections"]) >= 40
    assert all(check["worked"] for check in found["protections"])


def test_the_doctor_on_the_second_backend(capsys: pytest.CaptureFixture[str]) -> None:
    if backends.problem("landlock") is not None:
        pytest.skip("Landlock does not work here")
    assert main(["sandbox", "doctor", "--backend", "landlock"]) == 1
    assert "protections held, with the second backend, `landlock`: no namespaces." in capsys.readouterr().out


def test_the_doctor_sees_a_protection_that_is_not_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing around the candidate every attempt must be seen to succeed, or the check is worth nothing."""
    from verirl_sandbox import Sandbox
    from verirl_sandbox.doctor import _try, attempts

    harmless = (
        "files:",
        "network: TCP",
        "network: UDP",
        "processes: fork",
        "kernel: memfd",
        "kernel: shmget",
        "limit: mem",
    )
    with Sandbox(1, backend="unsafe", second_look=0) as sandbox:
        tried = {
            attempt.name: _try(sandbox, attempt).worked
            for attempt in attempts("/")
            if attempt.name.startswith(harmless) and "outside" not in attempt.name
        }
    held = {name for name, worked in tried.items() if worked}
    assert held <= {"processes: fork", "limit: memory"}  # a fork's copy answers, too; rlimits hold in any case
    assert len(tried) >= 8


def test_the_doctor_without_a_backend(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verirl_sandbox.backends.problem", lambda name: "not here")
    assert main(["sandbox", "doctor"]) == 1
    assert "apt install bubblewrap" in capsys.readouterr().out
