"""The verbs that need a task but no model: `score`, `task list | show | new | check`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from statistics import fmean
from typing import Any, TextIO

from verirl.display import Display
from verirl.errors import ConfigError, DataError, RunError, VerirlError, explain
from verirl.plugins import available, load_task_class, plugin_code, task_config
from verirl.types import OPTIONAL, SPLITS, Problem, Verdict

Entry = tuple[str | int, Problem, str]  # id as it was given, problem, response


def score(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    from verirl.messages import verdict_to_json
    from verirl.workers import WorkerPool

    own = _own_config(load_task_class(args.task), args.task, overrides)
    entries = list(_read_responses(Path(args.responses)))
    if args.output and Path(args.output).resolve() == Path(args.responses).resolve():
        raise RunError(f"{args.output} holds the responses: write the verdicts to another file.")
    counts: Counter[str] = Counter()
    parts: dict[str, list[float]] = {}
    with WorkerPool(args.task, own, workers=args.workers, unsafe=args.unsafe) as pool:
        with display.bar("preparing the problems", None):
            pool.prepare([problem for _, problem, _ in entries])
        # Opened last: a start that fails leaves earlier verdicts as they are.
        with closing(_open_output(args.output)) if args.output else _Stdout() as out:
            shown = bool(args.output) or not sys.stdout.isatty()
            started = time.perf_counter()
            with display.bar("verifying", len(entries), shown) as bar:
                for (given, _, _), verdict in zip(entries, _verdicts(pool, entries, args.workers), strict=True):
                    out.write(json.dumps({"id": given, **verdict_to_json(verdict, verdict.seconds)}) + "\n")
                    counts[verdict.status.value] += 1
                    for name, value in verdict.parts.items():
                        parts.setdefault(name, []).append(value)
                    done = sum(counts.values())
                    rate = done / (time.perf_counter() - started)
                    bar.advance(1, f"pass {counts['correct'] / done:.1%}  {rate:.0f} a second")
    if args.output:
        from verirl.tables import count_table, part_table

        title = f"{args.task} · {args.responses}"
        result = {
            "event": "score",
            "responses": len(entries),
            "statuses": dict(counts),
            "parts": {name: {"n": len(values), "mean": fmean(values)} for name, values in parts.items()},
            "output": args.output,
        }
        display.result(result, count_table(title, counts), *([part_table(parts)] if parts else []))


def task_list(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    rows = []
    for name, point in available().items():
        package = f"{point.dist.name} {point.dist.version}" if point.dist else "?"
        rows.append({"name": name, "plugin": point.value, "package": package})
    lines = [(row["name"], row["plugin"], row["package"]) for row in rows]
    display.result({"tasks": rows}, *_aligned([("task", "plugin", "from"), *lines]))


def task_show(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    from verirl.tables import task_tables

    task = load_task_class(args.task)
    config = task_config(task, _own_config(task, args.task, overrides), f"task {args.task}")
    with plugin_code(args.task):
        made: Any = task(config)
    fields = [
        {"key": name, "value": value, "meaning": " ".join((field.description or "").split())}
        for name, field in type(config).model_fields.items()
        for value in [config.model_dump(mode="json")[name]]
    ]
    splits: dict[str, dict[str, Any]] = {}
    shown: Problem | None = None
    for split in SPLITS:
        try:
            with plugin_code(args.task):
                problems = list(made.problems(split))
        except VerirlError as error:  # a data set that is not here must not hide the rest
            splits[split] = {"error": str(error)}
            continue
        tags = Counter(tag for problem in problems for tag in problem.tags)
        splits[split] = {"problems": len(problems), "tags": dict(tags.most_common())}
        shown = shown or (problems[0] if problems else None)
    offers = [name for name in OPTIONAL if hasattr(task, name)]
    example: dict[str, Any] = {"has": ", ".join(["problems", "verify", *offers])}
    if shown is not None:
        example |= {"id": shown.id, "prompt": shown.prompt[-1]["content"], "data": json.dumps(dict(shown.data))}
        if "reference" in offers:
            with plugin_code(args.task):
                example["reference"] = made.reference(shown)
    title = f"{args.task}: {_first_line(task)}" if task.__doc__ else args.task
    display.result(
        {"name": args.task, "config": fields, "splits": splits, "example": example},
        title,
        *task_tables(fields, splits, example),
    )


def task_new(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    from verirl.scaffold import write_package

    folder = write_package(args.name, args.template, Path(args.into))
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    following = [f"pip install -e {folder}", f"verirl task check {args.name}"]
    lines = [f"{folder}: {', '.join(files)}", *(f"    {command}" for command in following)]
    display.result({"event": "new", "folder": str(folder), "files": files, "next": following}, *lines)


def task_check(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> int:
    from verirl.check import check
    from verirl.plugins import find
    from verirl.tables import check_table

    find(args.task)
    # The plugin is imported here only where its own types are needed to read the command line.
    own = _own_config(load_task_class(args.task), args.task, overrides) if overrides else {}
    started = time.perf_counter()
    with display.bar("checking", None) as bar:
        rows = []
        for row in check(args.task, own, args.all, args.unsafe):
            rows.append(row)
            bar.advance(1, row.name)
    failed = [finding for row in rows for finding in row.findings]
    seconds = time.perf_counter() - started
    result = {
        "event": "check",
        "task": args.task,
        "holds": not failed,
        "seconds": round(seconds, 1),
        "checks": [
            {"name": row.name, "looked_at": row.looked_at, "holds": None if row.skipped else not row.findings}
            for row in rows
        ],
        "findings": [dataclasses.asdict(finding) for finding in failed],
    }
    verdict = f"{args.task} holds" if not failed else f"{args.task} does not hold: mend what is listed, and check again"
    display.result(result, check_table(args.task, rows), f"{verdict} ({seconds:.0f} s).")
    return int(bool(failed))


def _verdicts(pool: Any, entries: Sequence[Entry], workers: int) -> Iterator[Verdict]:
    """In the order of the entries. Interrupted, it drops what has not begun."""
    with ThreadPoolExecutor(workers) as executor:
        try:
            yield from executor.map(lambda entry: pool.verify(entry[1], entry[2]), entries)
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise


class _Stdout:
    """Standard output as a file to write to, which is flushed but not closed at the end."""

    def __enter__(self) -> TextIO:
        return sys.stdout

    def __exit__(self, *error: object) -> None:
        sys.stdout.flush()


def _open_output(name: str) -> TextIO:
    try:
        return open(name, "w", encoding="utf-8")
    except OSError as error:
        raise RunError(f"{name} cannot be written ({error.strerror}): choose another file with -o.") from None


def _own_config(task: type, name: str, overrides: Sequence[str]) -> dict[str, Any]:
    """The plugin's config as plain values: its defaults, and `--config.key value` pairs typed by it."""
    from pydantic import ValidationError, create_model

    model: Any = task.Config  # type: ignore[attr-defined]
    try:
        default = model()
        if overrides:
            import tyro

            wrapper = create_model("Task", config=(model, default))
            default = tyro.cli(wrapper, args=list(overrides), prog=f"verirl task show {name}").config  # type: ignore[attr-defined]
    except ValidationError as error:
        raise ConfigError(explain(error, f"task {name}", "config")) from None
    return dict(default.model_dump(mode="json"))


def _read_responses(path: Path) -> Iterator[Entry]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}): give a file of responses, one object a line."
        ) from None
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        where = f"{path}, line {number}"
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise DataError(f'{where}: not JSON ({error}); expected {{"id", "problem", "response"}}.') from None
        if not isinstance(value, dict):
            raise DataError(f'{where}: not an object; expected {{"id", "problem", "response"}}.')
        for key, kind, expected in (
            ("id", str | int, "a string"),
            ("problem", dict, "an object"),
            ("response", str, "a string"),
        ):
            if key not in value:
                raise DataError(f"{where}: the field {key!r} is missing.")
            if not isinstance(value[key], kind) or isinstance(value[key], bool):
                raise DataError(f"{where}: the field {key!r} must be {expected}.")
        problem = Problem(id=str(value["id"]), prompt=[], data=value["problem"], split="test")
        yield value["id"], problem, value["response"]


def _first_line(task: type) -> str:
    return next(iter((task.__doc__ or "").strip().splitlines()), "")


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with their columns under each other; a list this plain needs no rich, which takes a while to import."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
