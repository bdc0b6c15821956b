"""Writes the package of a new task: `verirl task new`. The templates are real tasks, of which only the names change."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from verirl.errors import ConfigError, RunError
from verirl.plugins import available

TEMPLATES = Path(__file__).parent / "templates"
KINDS = ("exact", "code", "turns")


def write_package(name: str, kind: str, into: Path) -> Path:
    """The folder `into`/`name`, which installs as it stands. `kind` is one of KINDS.

    Raises ConfigError for a name that cannot be one or that an installed task has, RunError where the folder exists or
    cannot be written.
    """
    module = name.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", name) or keyword.iskeyword(module):
        raise ConfigError(
            f"{name!r} is no name for a task: it takes small letters, digits and single hyphens, a letter first, as in "
            "`word-count`."
        )
    if name in available():
        raise ConfigError(f"a task named {name!r} is installed already; choose another name.")
    folder = into / name
    if folder.exists():
        raise RunError(f"{folder} exists already; choose another name, or another folder with --into.")
    files = {
        TEMPLATES / "package" / "pyproject.toml": Path("pyproject.toml"),
        TEMPLATES / "package" / "README.md": Path("README.md"),
        TEMPLATES / "package" / "test_my_task.py": Path("tests") / f"test_{module}.py",
        TEMPLATES / kind / "my_task.py": Path(module) / "__init__.py",
    }
    class_name = "".join(part.capitalize() for part in module.split("_"))
    try:
        for source, target in files.items():
            text = source.read_text(encoding="utf-8")
            text = text.replace("my-task", name).replace("my_task", module).replace("MyTask", class_name)
            (folder / target).parent.mkdir(parents=True, exist_ok=True)
            (folder / target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise RunError(f"{folder} cannot be written ({error.strerror or error}).") from None
    return folder
