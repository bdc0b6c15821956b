"""A small config on the tiny model, and a way to call the command line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from verirl.cli import main

CONFIG = """
steps = 2
runs_dir = "{runs}"
threads = 1
[task]
name = "math"
config = {{ levels = [1], extraction = "number", train_size = 40, validation_size = 6, test_size = 6 }}
[model]
name = "{model}"
[rollout]
problems_per_step = 2
group_size = 2
max_tokens = 4
[sampler]
kind = "hf"
[reward]
workers = 1
[eval]
problems = 4
samples = 1
[sft]
rows_per_step = 1
sequence_tokens = 128
"""


def write_config(folder: Path, model: Path, name: str = "c", replace: tuple[str, str] | None = None) -> Path:
    """A config in `folder` whose runs go to folder/runs; `replace` changes its text."""
    text = CONFIG.format(runs=folder / "runs", model=model)
    if replace is not None:
        assert replace[0] in text
        text = text.replace(*replace)
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


@dataclass(frozen=True)
class Called:
    code: int
    out: str
    err: str

    @property
    def json(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines, strictly: NaN is none."""
        return [json.loads(line, parse_constant=lambda name: pytest.fail(name)) for line in self.out.splitlines()]

    def refused(self) -> str:
        """The one sentence of a refusal: exit code 2, nothing on standard output, no traceback."""
        lines = self.err.strip().splitlines()
        assert self.code == 2 and self.out == "" and len(lines) == 1, self
        assert lines[0].startswith("verirl: ") and lines[0].endswith("."), self
        return lines[0]


def call(capfd: pytest.CaptureFixture[str], *words: object) -> Called:
    capfd.readouterr()
    try:
        code: Any = main([str(word) for word in words])
    except SystemExit as ended:  # argparse's and tyro's own refusals
        code = ended.code
    out, err = capfd.readouterr()
    return Called(int(code), out, err)


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def all_files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
