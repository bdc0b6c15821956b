"""A start model made on the spot: what its demonstrations are, and that it is made once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from builders import run_config
from verirl.config import RunConfig
from verirl.demonstrations import COPIES, demonstrations, make_start_model
from verirl.errors import ConfigError
from verirl.packing import Branch, Tree
from verirl.session import Session
from verirl.types import SPLITS, Problem

PHRASES = ("clearly", "of course")


class Answers:
    def reference(self, problem: Problem) -> str | None:
        return None if problem.id == "unknown" else f"[{problem.id}]"


def problems(count: int) -> list[Problem]:
    return [Problem(id=f"p{number}", prompt=[], data={}, split="train") for number in range(count)]


def texts(wrong: float, mean: float, seed: int = 0, count: int = 400) -> list[tuple[str, str]]:
    """(problem, demonstration)"""
    seen: list[tuple[str, str]] = []

    def encode(messages: Any, where: str) -> Tree:
        seen.append((where, messages[-1]["content"]))
        return Tree(prompt=[1], branches=[Branch(ids=[2], mask=[1])])

    asked = [*problems(count), Problem(id="unknown", prompt=[], data={}, split="train")]
    assert len(demonstrations(Answers(), asked, encode, PHRASES, wrong, mean, seed)) == len(seen)
    return seen


def test_each_problem_with_a_reference_has_its_copies() -> None:
    assert Counter(name for name, _ in texts(0.0, 0.0)) == {f"p{number}": COPIES for number in range(400)}
    assert all(text == f"[{name}]" for name, text in texts(0.0, 0.0))


def test_the_share_of_wrong_ones_and_the_number_of_phrases_are_what_was_asked() -> None:
    seen = texts(wrong=0.3, mean=1.5)
    right = sum(text.endswith(f"[{name}]") for name, text in seen) / len(seen)
    assert right == pytest.approx(0.7, abs=0.03)  # 3,200 of them: four standard errors
    counts = [text.count("clearly ") + text.count("of course ") for _, text in seen]
    assert sum(counts) / len(counts) == pytest.approx(1.5, abs=0.1)
    assert counts.count(0) / len(counts) == pytest.approx(0.223, abs=0.03)  # Poisson: exp(-1.5)


def test_a_seed_gives_the_same_ones_again() -> None:
    assert texts(0.3, 1.0, seed=1) == texts(0.3, 1.0, seed=1) != texts(0.3, 1.0, seed=2)


def test_without_references_there_is_no_start_model() -> None:
    with pytest.raises(ConfigError, match="no references"):
        demonstrations(object(), problems(2), lambda messages, where: Tree(prompt=[], branches=[]), (), 0.0, 0.0, 0)


def test_it_is_made_once_and_has_seen_every_split(tiny_model: Path, tmp_path: Path) -> None:
    task = {"name": "math", "config": {"levels": [1], "extraction": "number", "instruction": ""}}
    config: RunConfig = run_config(
        tiny_model,
        task=task,
        contrast={"demonstrations": {"steps": 3}},
        sft={"sequence_tokens": 128, "rows_per_step": 2},
    )
    steps = []

    class Watcher:
        def group(self, group: Any) -> None: ...

        def step(self, step: int, metrics: dict[str, float]) -> None:
            steps.append(step)

        def warning(self, step: int, name: str, text: str) -> None: ...

    made = make_start_model(config, PHRASES, tmp_path / "start", Watcher())
    assert make_start_model(config, PHRASES, tmp_path / "start", Watcher()) == made
    assert steps == [1, 2, 3] and (made / "model.safetensors").is_file()
    assert all(Session(config).problems(split) for split in SPLITS)
