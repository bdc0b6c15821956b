"""Task plugins: how they are found, what happens when they cannot be, and what importing them must not drag in."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from verirl import plugins
from verirl.errors import ConfigError, DataError, PluginError
from verirl.plugins import available, load_task_class, plugin_code, task_config

SOURCE = """
from __future__ import annotations
import pydantic
from verirl.types import Problem, Status, Verdict

class Echo:
    class Config(pydantic.BaseModel):
        word: str = "yes"

    def __init__(self, config):
        self.config = config

    def problems(self, split):
        return [Problem(id=f"{split}-{i}", prompt=[{"role": "user", "content": "?"}], data={}, split=split) for i in range(4)]

    def verify(self, problem, response, tools):
        return Verdict(status=Status.CORRECT, reward=1.0) if self.config.word in response else Verdict(status=Status.INCORRECT, reward=0.0)

class NoTask:
    pass
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "echo_task.py"
    path.write_text(SOURCE)
    return path


def points(monkeypatch: pytest.MonkeyPatch, *named: tuple[str, str]) -> None:
    made = [EntryPoint(name, value, plugins.GROUP) for name, value in named]
    monkeypatch.setattr(plugins, "entry_points", lambda group: made)


def test_entry_point() -> None:
    assert load_task_class("math").__name__ == "MathTask"
    assert available()["math"].value == "verirl_tasks.math:MathTask"


def test_module_and_class(monkeypatch: pytest.MonkeyPatch, source: Path) -> None:
    monkeypatch.syspath_prepend(source.parent)
    assert load_task_class("echo_task:Echo").__name__ == "Echo"
    assert load_task_class("verirl_tasks.math:MathTask") is load_task_class("math")


def test_file_and_class(monkeypatch: pytest.MonkeyPatch, source: Path) -> None:
    assert load_task_class(f"{source}:Echo")(None).problems("test")[0].id == "test-0"
    monkeypatch.chdir(source.parent)
    assert load_task_class("echo_task.py:Echo").__name__ == "Echo"


def test_two_packages_with_one_name_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, ("sum", "one:Sum"), ("sum", "two:Sum"))
    with pytest.raises(PluginError, match=r"two installed packages offer .* 'sum' \(one:Sum and two:Sum\)"):
        load_task_class("sum")


def test_one_package_seen_twice_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """An editable install beside its wheel shows the same entry point twice."""
    points(monkeypatch, ("math", "verirl_tasks.math:MathTask"), ("math", "verirl_tasks.math:MathTask"))
    assert load_task_class("math").__name__ == "MathTask"


def test_an_unknown_name_lists_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, ("b", "b:B"), ("a", "a:A"))
    with pytest.raises(PluginError, match=r"no task named 'c'; installed tasks: a, b\. .* path/to/file\.py:Class"):
        load_task_class("c")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("no_such_module:Task", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("verirl_tasks.math:Nothing", "AttributeError"),
        ("nowhere/task.py:Task", "FileNotFoundError: no such file: nowhere/task.py"),
        ("{source}:Nothing", "AttributeError"),
        ("{source}:NoTask", "it lacks `Config` and `problems` and `verify`"),
        ("{source}:pydantic", "is no task plugin"),
        ("{broken}:Task", "SyntaxError"),
        ("{raising}:Task", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_plugin_that_does_not_load_says_why_and_lists_the_others(source: Path, name: str, why: str) -> None:
    broken, raising = source.parent / "broken.py", source.parent / "raising.py"
    broken.write_text("def")
    raising.write_text("1 / 0")
    with pytest.raises(PluginError) as error:
        load_task_class(name.format(source=source, broken=broken, raising=raising))
    message = str(error.value)
    assert why in message and "installed tasks: debug, java2py, math" in message and "\n" not in message


def test_only_the_named_plugin_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    points(monkeypatch, ("math", "verirl_tasks.math:MathTask"), ("broken", "no_such_module:Task"))
    assert load_task_class("math").__name__ == "MathTask"
    with pytest.raises(PluginError, match="installed tasks: broken, math"):
        load_task_class("broken")


class Loose:
    """A task whose config would swallow unknown keys."""

    class Config(BaseModel):
        size: int = 3


def test_task_config() -> None:
    assert task_config(Loose, {"size": 4}, "here").size == 4
    with pytest.raises(ConfigError, match=r"here: unknown key `task\.config\.sise`; this task's keys are: size"):
        task_config(Loose, {"sise": 4}, "here")
    with pytest.raises(ConfigError, match=r"here: `task\.config\.size`: input should be a valid integer"):
        task_config(Loose, {"size": "x"}, "here")


def test_a_fault_of_the_plugin_is_told_as_its_own() -> None:
    def problems() -> Any:
        raise KeyError("gold")

    told = rf"task 'loose' raised KeyError: 'gold' \({__file__}, line \d+\)\."
    with pytest.raises(PluginError, match=told), plugin_code("loose"):
        problems()
    with pytest.raises(DataError, match=r"^line 3$"), plugin_code("loose"):  # what is meant for people stays as it is
        raise DataError("line 3")


@pytest.mark.parametrize(
    "code",
    [
        "import verirl.types",
        "import verirl_tasks.math",
        "import verirl.workers; from verirl.plugins import load_task_class; load_task_class('math')",
        "from verirl.cli import main; main(['task', 'list'])",
        "from verirl.cli import main; main(['task', 'show', 'math'])",
    ],
)
def test_no_torch_and_no_vllm_where_a_task_is_enough(code: str) -> None:
    heavy = (
        "import sys; sys.exit(str([n for n in ('torch', 'vllm', 'transformers', 'numpy') if n in sys.modules] or ''))"
    )
    done = subprocess.run([sys.executable, "-c", f"{code}\n{heavy}"], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_task_list_draws_no_tables_and_reads_no_config() -> None:
    """It answers at once because of that."""
    code = (
        "import sys; from verirl.cli import main; main(['task', 'list'])\n"
        "print([n for n in ('rich', 'pydantic', 'verirl.config', 'tomlkit') if n in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "[]" and "verirl_tasks.math:MathTask" in done.stdout
