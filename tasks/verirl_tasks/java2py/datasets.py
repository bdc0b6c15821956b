"""Java methods from HumanEval-X, MBXP, and JSONL files of {"java", "method"}, as rows.

Public data sets come from `path`, else from the folder that VERIRL_DATA names, else from the Hugging Face hub.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from verirl.errors import DataError
from verirl.types import SPLITS, Split
from verirl_tasks.java2py.examples import read
from verirl_tasks.java2py.java import JavaError, parse
from verirl_tasks.java2py.types import Value
from verirl_tasks.jsonl import read_jsonl

# Short name: id on the hub, and for Java and Python its configuration there and the file's name in VERIRL_DATA.
_HUB = {
    "humaneval-x": ("THUDM/humaneval-x", ("java", "humaneval_java.jsonl"), ("python", "humaneval_python.jsonl")),
    "mbxp": ("mxeval/mbxp", ("java", "mbjp.jsonl"), ("python", "mbpp.jsonl")),
}
_FIELDS = "`java` and `method`"
Rows = Iterator[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Row:
    """`python`: a translation that is said to be right, with a function of the method's name; may be empty. `examples`:
    argument lists from the data set's own tests."""

    id: str
    java: str
    method: str
    split: Split
    python: str = ""
    tags: tuple[str, ...] = ()
    examples: Sequence[list[Value]] = ()


def load_rows(data: str, path: str | None) -> list[Row]:
    """All rows of `humaneval-x` or `mbxp` (or their hub ids), or of the JSONL file that `data` names. Raises DataError."""
    data = next((short for short, (name, _, _) in _HUB.items() if name == data), data)
    if data == "humaneval-x":
        return _humaneval_x(path)
    if data == "mbxp":
        return _mbxp(path)
    return _jsonl(Path(data))


def _humaneval_x(path: str | None) -> list[Row]:
    python = {_number(row): row for _, row in _source("humaneval-x", 1, path)}
    found = []
    for where, row in _source("humaneval-x", 0, path):
        java = _text(row, "declaration", where) + _text(row, "canonical_solution", where)
        methods = re.findall(r"^ {4}public [^=;(]*?(\w+)\(", _text(row, "declaration", where), re.MULTILINE)
        if not methods:
            raise DataError(f"{where}: `declaration` declares no public method.")
        number = _number(row)
        other = python.get(number)
        code = "" if other is None else f"{other['prompt']}{other['canonical_solution']}"
        name = re.findall(r"^def (\w+)\(", str(other["declaration"]), re.MULTILINE)[-1] if other else ""
        examples = _examples(java, methods[-1], f"{row.get('example_test', '')}\n{row.get('test', '')}")
        python_code = _named(code, name, methods[-1])
        found.append(Row(f"humaneval-x-{number}", java, methods[-1], "test", python_code, (), examples))
    return found


def _mbxp(path: str | None) -> list[Row]:
    """Those with a Java solution. Splits are those of MBPP: 11 to 510 test, 511 to 600 validation, the others train."""
    python = {_number(row): row for _, row in _source("mbxp", 1, path)}
    found = []
    for where, row in _source("mbxp", 0, path):
        if not row.get("canonical_solution"):
            continue
        number, method = _number(row), _text(row, "entry_point", where)
        java = _text(row, "prompt", where) + str(row["canonical_solution"])
        other = python.get(number)
        code = f"{other['prompt']}{other['canonical_solution']}" if other and other.get("canonical_solution") else ""
        name = str(other["entry_point"]) if other else ""
        split: Split = "test" if 11 <= number <= 510 else "validation" if 511 <= number <= 600 else "train"
        examples = _examples(java, method, str(row.get("test", "")))
        found.append(Row(f"mbxp-{number}", java, method, split, _named(code, name, method), (), examples))
    return found


def _examples(java: str, method: str, tests: str) -> list[list[Value]]:
    try:
        return read(tests, parse(java).method(method))
    except JavaError:  # `verify` says so
        return []


def _named(code: str, name: str, method: str) -> str:
    """The Python with its function under the Java method's name too."""
    return code if name == method or not code else f"{code.rstrip()}\n\n\n{method} = {name}\n"


def _number(row: Mapping[str, Any]) -> int:
    return int(str(row["task_id"]).rpartition("/")[2])


def _jsonl(path: Path) -> list[Row]:
    """Lines with `java` and `method`, and `python`, `tags`, `split` where the author cares; else 80/10/10 by hash."""
    rows: dict[str, tuple[str, Row]] = {}
    for where, line in read_jsonl(path, _FIELDS):
        java, method = _text(line, "java", where), _text(line, "method", where)
        tags, python = line.get("tags", []), line.get("python") or ""
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            raise DataError(f"{where}: `tags` must be a list of texts.")
        if not isinstance(python, str):
            raise DataError(f"{where}: `python` must be text, the reference translation.")
        key = hashlib.blake2b(" ".join([*java.split(), method]).encode("utf-8", "surrogatepass"), digest_size=8)
        split = line.get("split")
        if split is None:
            split = {8: "validation", 9: "test"}.get(int.from_bytes(key.digest()) % 10, "train")
        if split not in SPLITS:
            raise DataError(f"{where}: split {split!r} is none of train, validation and test.")
        row = Row(f"{path.stem}-{key.hexdigest()}", java, method, cast(Split, split), python, tuple(tags))
        first_where, first = rows.setdefault(row.id, (where, row))
        if first.split != row.split:
            raise DataError(f"{where}: the method of {first_where} again, in another split; remove one of the two.")
    if not rows:
        raise DataError(f"{path}: it has no lines; write one JSON object with `java` and `method` per line.")
    return [row for _, row in rows.values()]


def _text(row: Mapping[str, Any], field: str, where: str) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where}: `{field}` is missing or is no text; each line needs the Java source and a method.")
    return value


def _source(data: str, side: int, path: str | None) -> Rows:
    """(place, row); side 0 is the Java, 1 the Python."""
    name = _HUB[data][1 + side][1]
    folder = Path(path) if path is not None else None
    if folder is None and (root := os.environ.get("VERIRL_DATA")):
        folder = Path(root) / data
    if folder is None:
        return _from_hub(data, side)
    if side == 1 and not any((folder / f"{name}{end}").exists() for end in ("", ".gz")):
        return iter(())  # the references only
    packed = folder / f"{name}.gz"
    return read_jsonl(packed if packed.exists() else folder / name, _FIELDS)


def _from_hub(data: str, side: int) -> Rows:
    name, subset = _HUB[data][0], _HUB[data][1 + side][0]
    file = _HUB[data][1 + side][1]
    from datasets import load_dataset

    problem: Exception | None = None
    rows: Iterable[Any] = ()
    for revision in (None, "refs/convert/parquet"):  # the second for those that are made by a script
        try:
            rows = load_dataset(name, subset, split="test", revision=revision)
            break
        except Exception as error:  # noqa: BLE001  # offline, blocked, renamed: the hub client raises many things
            problem = problem or error
    else:
        first = (str(problem).splitlines() or [""])[0]
        raise DataError(
            f"{name} could not be had from the Hugging Face hub ({type(problem).__name__}: {first}); download it and set "
            f"task.config.path to the folder with {file}, or VERIRL_DATA to the folder above {data}/."
        ) from None
    return ((f"{name} {subset} row {index}", row) for index, row in enumerate(rows))
