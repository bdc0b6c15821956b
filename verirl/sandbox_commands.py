"""The verbs `sandbox doctor` and `sandbox run`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from verirl.display import Display
from verirl.errors import ConfigError, DataError, RunError
from verirl_sandbox import Limits, Sandbox, SandboxError
from verirl_sandbox.backends import NAMES
from verirl_sandbox.doctor import Check, environment, examine


def doctor(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> int:
    """0 where the first backend is in force and every protection was seen to work."""
    with display.bar("looking at the machine", None):
        machine = environment()
    backend: str | None = None
    checks: list[Check] = []
    why = ""
    try:
        with display.bar("trying to break out", None):
            backend, checks = examine(args.backend)
    except SandboxError as error:
        why = str(error)
    failed = [check for check in checks if not check.worked]
    good = backend == NAMES[0] and not failed
    if backend is None:
        verdict = why
    elif failed:
        verdict = f"NOT SAFE: {len(failed)} of {len(checks)} protections of the backend `{backend}` failed."
    elif backend != NAMES[0]:
        verdict = f"All {len(checks)} protections held, with the second backend, `{backend}`: no namespaces."
    else:
        verdict = f"All {len(checks)} protections held, with the backend `{backend}`."
    result = {
        "backend": backend,
        "safe": good,
        "machine": [asdict(check) for check in machine],
        "protections": [asdict(check) for check in checks],
        "verdict": verdict,
    }
    tables = [_table("The machine", machine, "found"), *([_table("Protections", checks, "held")] if checks else [])]
    display.result(result, *tables, verdict)
    return 0 if good else 1


def run(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> int:
    try:
        source = Path(args.file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{args.file} cannot be read ({getattr(error, 'strerror', None) or error}).") from None
    try:
        arguments = json.loads(args.args)
        limits = Limits(cpu_seconds=args.cpu_seconds, memory_mib=args.memory_mib)
        with Sandbox(1, backend="unsafe" if args.unsafe else "auto", second_look=0) as sandbox:
            result = sandbox.call(source, args.function or "", [arguments] if args.function else [], limits)
    except json.JSONDecodeError as error:
        raise ConfigError(f"--args is no JSON ({error}); give a list, as in --args '[1, \"a\"]'.") from None
    except ValueError as error:
        raise ConfigError(str(error)) from None
    except SandboxError as error:
        raise RunError(str(error)) from None
    if not display.as_json:
        sys.stdout.write(result.stdout)
        sys.stderr.write(result.stderr)
    answers = [{"value": repr(call.value), "exception": call.exception} for call in result.calls]
    told = [f"raised {call.exception}" if call.exception else repr(call.value) for call in result.calls]
    ended = f"{result.outcome}{f': {result.detail}' if result.detail else ''}"
    display.note(
        f"{ended} · {result.cpu_seconds:.2f} s of CPU time · backend {result.backend}"
        f"{', which protects from nothing' if args.unsafe else ''}"
    )
    display.result({**asdict(result), "calls": answers}, *told)
    return 0 if result.ok and not any(call.exception for call in result.calls) else 1


def _table(title: str, checks: Sequence[Check], good: str) -> object:
    from rich.table import Table

    table = Table("what", good, "seen", title=title)
    for check in checks:
        seen = f"{check.seen}; {check.remedy}" if check.remedy else check.seen
        table.add_row(check.name, "yes" if check.worked else "NO", seen)
    return table
