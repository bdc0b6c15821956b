"""`verirl task new`: each template is a package that holds as it stands; one of them is built, installed and trained."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import all_files, call, write_config

from verirl.scaffold import KINDS, write_package

PLUGIN = Path(__file__).parents[1] / "example_plugin"


@pytest.mark.parametrize("kind", KINDS)
def test_each_template_holds_as_it_stands(kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made = call(capfd, "task", "new", "word-count", "--template", kind, "--into", tmp_path)
    assert made.code == 0 and "verirl task check word-count" in made.out
    folder = tmp_path / "word-count"
    files = {name: data.decode() for name, data in all_files(folder).items()}
    assert set(files) == {"README.md", "pyproject.toml", "tests/test_word_count.py", "word_count/__init__.py"}
    assert "my" not in {word for text in files.values() for word in text.replace("-", "_").lower().split("_")}
    assert 'word-count = "word_count:WordCount"' in files["pyproject.toml"]
    (result,) = call(capfd, "task", "check", f"{folder / 'word_count' / '__init__.py'}:WordCount", "--json").json
    assert result["holds"], result["findings"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder / "tests")]
    env = {"PYTHONPATH": f"{folder}:{':'.join(sys.path)}"}
    tests = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False)
    assert tests.returncode == 0 and b"2 passed" in tests.stdout, tests.stdout


@pytest.mark.parametrize("name", ["Word", "2nd", "word count", "word--count", "", "class", "../word"])
def test_a_name_that_cannot_be_one_is_refused(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert "is no name for a task" in call(capfd, "task", "new", "--into", tmp_path, name).refused()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert "installed already" in call(capfd, "task", "new", "math", "--into", tmp_path).refused()
    (tmp_path / "mine").mkdir()
    assert "exists already" in call(capfd, "task", "new", "mine", "--into", tmp_path).refused()
    (tmp_path / "file").write_text("")
    assert "cannot be written" in call(capfd, "task", "new", "mine", "--into", tmp_path / "file").refused()


def test_the_example_is_what_the_template_makes(tmp_path: Path) -> None:
    made = all_files(write_package("example_plugin", "exact", tmp_path))
    kept = {name: data for name, data in all_files(PLUGIN).items() if "__pycache__" not in name}
    assert kept == made


def test_the_example_is_built_installed_checked_and_trained(tiny_model: Path, tmp_path: Path) -> None:
    """In an environment of its own, which borrows what verirl needs and lacks the plugin until it is installed."""
    wheels, home = tmp_path / "wheels", tmp_path / "env"
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
    subprocess.run(build, cwd=PLUGIN, check=True, capture_output=True)
    (wheel,) = wheels.glob("*.whl")
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    (site,) = home.glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text("\n".join([sysconfig.get_paths()["purelib"], *sys.path[1:]]) + "\n")

    def verirl(*words: object) -> list[dict[str, Any]]:
        command = [str(python), "-m", "verirl.cli", *map(str, words), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def names() -> set[str]:
        return {row["name"] for row in verirl("task", "list")[0]["tasks"]}

    assert "example_plugin" not in names()
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    assert "example_plugin" in names()
    assert verirl("task", "check", "example_plugin")[0]["holds"] is True
    task = 'name = "math"\nconfig = { levels = [1], extraction = "number", train_size = 40, validation_size = 6, test_size = 6 }'
    config = write_config(tmp_path, tiny_model, replace=(task, 'name = "example_plugin"'))
    *_, summary = verirl("train", config)
    assert summary["after"]["n"] == 4
