"""Finds task plugins: entry points of the group `verirl.tasks`, `package.module:Class`, or `path/to/file.py:Class`.

Built-in tasks take the same road as anybody's. Only the plugin that was named is imported.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from verirl.errors import PluginError

GROUP = "verirl.tasks"


def available() -> dict[str, EntryPoint]:
    """Every installed plugin by name. Raises PluginError where two distributions use one name."""
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        other = found.get(point.name)
        if other is not None and other.value != point.value:
            raise PluginError(
                f"two installed packages offer a task named {point.name!r} ({other.value} and {point.value}); "
                "uninstall one of them, or name the one you want as package.module:Class."
            )
        found[point.name] = point
    return dict(sorted(found.items()))


def load_task_class(name: str) -> type:
    """The plugin's class. Raises PluginError, with the list of what is there, where it cannot be had."""
    points = available()
    if name in points:
        return _checked(name, lambda: points[name].load())
    if ":" in name:
        module, _, attribute = name.rpartition(":")
        if module.endswith(".py"):
            return _checked(name, lambda: getattr(_load_file(Path(module)), attribute))
        return _checked(name, lambda: getattr(importlib.import_module(module), attribute))
    known = ", ".join(points) or "none"
    raise PluginError(
        f"no task named {name!r}; installed tasks: {known}. "
        "A task that is not installed is named as package.module:Class or path/to/file.py:Class."
    )


def _load_file(path: Path) -> Any:
    if not path.is_file():
        raise FileNotFoundError(f"no such file: {path}")
    name = f"verirl_task_file_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _checked(name: str, load: Any) -> type:
    try:
        found = load()
    except Exception as error:  # whatever a plugin's import raises is the plugin's, and is told as such
        detail = f"{type(error).__name__}: {error}"
        raise PluginError(f"task {name!r} could not be loaded ({detail}); {_others()}") from error
    missing = [part for part in ("Config", "problems", "verify") if not hasattr(found, part)]
    if missing or not isinstance(found, type):
        lacks = " and ".join(f"`{part}`" for part in missing) or "being a class"
        raise PluginError(f"task {name!r} is no task plugin: it lacks {lacks}; {_others()}")
    return found


def _others() -> str:
    return f"installed tasks: {', '.join(available()) or 'none'}."
