"""Each attack is tried on both local backends. After it: nothing is left on the host, and the next candidate is clean."""

from __future__ import annotations

import os
import re
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from verirl_sandbox import Limits, Result, Sandbox
from verirl_sandbox.backends import problem

BACKENDS = ("namespaces", "landlock")
FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", os.getcwd())
# What the attacks' sources write, and what we do: other programs may make files meanwhile.
WRITTEN = re.compile(r"verirl|poison|zipimport|^(?:mine|deeper|left\.pyc|secret|x|d|[0-9]+)$")
LIMITS = Limits(cpu_seconds=0.5, wall_seconds=5, memory_mib=128, file_mib=4, threads=16, flood_mib=2, answer_kib=256)


def traces() -> dict[str, set[str]]:
    """What an attack could leave behind: processes, files, sockets, shared memory."""
    names = ((folder, name) for folder in FOLDERS if os.path.isdir(folder) for name in os.listdir(folder))
    files = {f"{folder}/{name}" for folder, name in names if WRITTEN.search(name)}
    files |= {str(path) for path in Path("/tmp").glob("verirl-sandbox-*/*")}
    sockets = {line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines() if "@verirl" in line}
    shared = {
        line for kind in ("shm", "sem", "msg") for line in Path("/proc/sysvipc", kind).read_text().splitlines()[1:]
    }
    return {"processes": processes(), "files": files, "sockets": sockets, "shared memory": shared}


def processes() -> set[str]:
    """Those of a sandbox that are ours, or whose parent has gone."""
    below = {str(process.pid) for process in psutil.Process().children(recursive=True)}
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if b"verirl_sandbox" in Path("/proc", pid, "cmdline").read_bytes() and (
                pid in below or Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[1] == "1"
            ):
                found.add(pid)
        except OSError:
            continue
    return found


@pytest.fixture(scope="session", params=BACKENDS)
def backend_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    why = problem(request.param)
    if why is not None:
        pytest.skip(f"the backend {request.param} does not work here: {why}")
    with Sandbox(1, backend=request.param, limits=LIMITS) as made:
        assert made.call("def f(x): return x", "f", [[1]]).ok  # its slot has started
        yield made


@pytest.fixture
def sandbox(backend_sandbox: Sandbox) -> Iterator[Sandbox]:
    before = traces()
    yield backend_sandbox
    for _ in range(100):
        left = {kind: found - before[kind] for kind, found in traces().items()}
        if not any(left.values()):
            break
        time.sleep(0.1)
    assert not any(left.values()), left
    clean = backend_sandbox.call("import json, math\ndef f(x): return json.dumps([x, math.pi, len('ab')])", "f", [[1]])
    assert clean.ok and clean.calls[0].value == "[1, 3.141592653589793, 2]"


@pytest.fixture
def attack(sandbox: Sandbox) -> Callable[..., Result]:
    """Calls the source's `f` once, with the arguments given."""

    def call(source: str, *arguments: object, limits: Limits | None = None) -> Result:
        return sandbox.call(textwrap.dedent(source), "f", [list(arguments)], limits)

    return call
