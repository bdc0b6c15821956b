"""Finds task plugins: entry points of the group `verirl.tasks`, `package.module:Class`, or `path/to/file.py:Class`.

Built-in tasks take the same road as anybody's. Only the plugin that was named is imported.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verirl.errors import ConfigError, PluginError, VerirlError, explain, short

if TYPE_CHECKING:
    from pydantic import BaseModel

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


def find(name: str) -> Callable[[], Any]:
    """What loads the plugin; nothing of it is imported yet. Raises PluginError, with the list of what is there, where no
    plugin has this name."""
    points = available()
    if name in points:
        return points[name].load
    if ":" in name:
        module, _, attribute = name.rpartition(":")
        if module.endswith(".py"):
            return lambda: getattr(_load_file(Path(module)), attribute)
        return lambda: getattr(importlib.import_module(module), attribute)
    known = ", ".join(points) or "none"
    raise PluginError(
        f"no task named {name!r}; installed tasks: {known}. "
        "A task that is not installed is named as package.module:Class or path/to/file.py:Class."
    )


def load_task_class(name: str) -> type:
    """The plugin's class. Raises PluginError, with the list of what is there, where it cannot be had."""
    return _checked(name, find(name))


def task_config(task: type, values: dict[str, Any], where: str) -> Any:
    """The plugin's own config object. A key that the plugin does not know is an error, whatever the plugin allows."""
    from pydantic import ValidationError

    model: type[BaseModel] = task.Config  # type: ignore[attr-defined]
    for key in values:
        if key not in model.model_fields:
            known = ", ".join(model.model_fields) or "none"
            raise ConfigError(f"{where}: unknown key `task.config.{key}`; this task's keys are: {known}.")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ConfigError(explain(error, where, "task.config")) from None


@contextmanager
def plugin_code(name: str) -> Iterator[None]:
    """Whatever the plugin's own code raises in this block becomes a PluginError that names the line."""
    try:
        yield
    except VerirlError:
        raise
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        raise PluginError(f"task {name!r} raised {short(error)} ({frame.filename}, line {frame.lineno}).") from error


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
        raise PluginError(f"task {name!r} could not be loaded ({short(error)}); {_others()}") from error
    missing = [part for part in ("Config", "problems", "verify") if not hasattr(found, part)]
    if missing or not isinstance(found, type):
        lacks = " and ".join(f"`{part}`" for part in missing) or "being a class"
        raise PluginError(f"task {name!r} is no task plugin: it lacks {lacks}; {_others()}")
    return found


def _others() -> str:
    return f"installed tasks: {', '.join(available()) or 'none'}."
