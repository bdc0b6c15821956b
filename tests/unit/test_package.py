"""The wheel: what it puts into site-packages, and that nothing a run needs is missing from it."""

from __future__ import annotations

import configparser
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = folder.glob("*.whl")
    return zipfile.ZipFile(file)


def test_top_level_names(wheel: zipfile.ZipFile) -> None:
    """No bare `tasks`, `sandbox` or `tests` in anybody's site-packages."""
    names = {name.split("/")[0] for name in wheel.namelist()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"verirl", "verirl_tasks", "verirl_sandbox"}
    assert len(names) == 4


def test_data_files_are_inside(wheel: zipfile.ZipFile) -> None:
    assert "verirl/report.html.j2" in wheel.namelist()


def test_every_source_file_is_inside(wheel: zipfile.ZipFile) -> None:
    for source, package in ((".", "verirl"), ("tasks", "verirl_tasks"), ("sandbox", "verirl_sandbox")):
        for file in (ROOT / source / package).rglob("*.py"):
            assert str(file.relative_to(ROOT / source)) in wheel.namelist()


def test_entry_points(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    points = configparser.ConfigParser()
    points.read_string(wheel.read(name).decode())
    assert points["console_scripts"]["verirl"] == "verirl.cli:main"
    assert points["verirl.tasks"]["math"] == "verirl_tasks.math:MathTask"


def test_the_sandbox_stands_alone(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """With the standard library and nothing of ours."""
    for name in wheel.namelist():
        if name.startswith("verirl_sandbox/"):
            wheel.extract(name, tmp_path)
    script = (
        f"import sys; sys.path.append({str(tmp_path)!r})\n"
        "from verirl_sandbox import Sandbox, SandboxUnavailable\n"
        "try:\n    with Sandbox(1) as sandbox:\n"
        "        value = sandbox.call('def f(x): return x + 1', 'f', [[41]]).calls[0].value\n"
        "except SandboxUnavailable:\n    value = 42\n"
        "print(value, [name for name in sys.modules if name.split('.')[0] in ('verirl', 'verirl_tasks', 'torch')])"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "42 []\n", done.stderr
