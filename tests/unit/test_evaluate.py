"""Held-out evaluation: what is written down, and going on where a kill cut it off."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from builders import problem, run_config
from verirl.config import RunConfig
from verirl.errors import DataError, RunError
from verirl.evaluate import eval_file, evaluate
from verirl.runlog import read_jsonl
from verirl.samplers.scripted import ScriptedSampler
from verirl.types import Problem, Request, Status, Trajectory, Verdict

PROBLEMS = [problem(name, answer=str(number)) for number, name in enumerate(("c", "a", "b"))]


class Killed(Exception):
    pass


class Counting(ScriptedSampler):
    """Says a text that depends on the request's seed alone, and counts; may be killed after some samples."""

    def __init__(self, stop_after: int = 1 << 30) -> None:
        super().__init__(lambda request, index: ([1, 2], f"t{request.seed % 1000}", [0.0, 0.0]))
        self.asked: list[Request] = []
        self.stop_after = stop_after

    def sample(self, requests: Sequence[Request]) -> Iterator[Trajectory]:
        self.asked += requests
        for number, trajectory in enumerate(super().sample(requests)):
            if number == self.stop_after:
                raise Killed
            yield trajectory


def verify(problem: Problem, trajectory: Trajectory) -> Verdict:
    response = trajectory.text
    """By the text's last digit: every status that a verifier can give."""
    digit = int(response[-1])
    if digit < 2:
        return Verdict(status=Status.INFRASTRUCTURE_ERROR, reason="it died")
    if digit < 5:
        return Verdict(status=Status.CORRECT, reward=1.0, answer=str(digit))
    return Verdict(status=Status.NO_ANSWER if digit < 8 else Status.TIMEOUT, reward=0.0)


def encode(problem: Problem, max_tokens: int) -> list[int]:
    if problem.id == "long":
        raise DataError("problem long: too long")
    return [ord(problem.id[0])]


@pytest.fixture
def config(tmp_path: Path) -> RunConfig:
    return run_config(tmp_path, eval={"samples": 3, "temperature": 0.7}, rollout={"max_tokens": 9}, seed=4)


def call(
    config: RunConfig, path: Path, sampler: Counting | None = None, model: str = "m", problems: Any = PROBLEMS
) -> tuple[list[dict[str, Any]], list[Request]]:
    sampler = sampler or Counting()
    return evaluate(problems, sampler, verify, encode, config, path, model), sampler.asked


def test_requests(config: RunConfig, tmp_path: Path) -> None:
    _, asked = call(config, tmp_path / "e.jsonl")
    assert len(asked) == 3 * (1 + 3)
    assert [request.temperature for request in asked] == [0.0, 0.7, 0.7, 0.7] * 3
    assert {request.max_tokens for request in asked} == {9}
    assert len({request.seed for request in asked}) == 12
    longer = config.model_copy(update={"eval": config.eval.model_copy(update={"max_tokens": 48})})
    assert {request.max_tokens for request in call(longer, tmp_path / "f.jsonl")[1]} == {48}


def test_what_is_written(config: RunConfig, tmp_path: Path) -> None:
    path = eval_file(tmp_path, 12)
    assert path == tmp_path / "eval" / "step-000012.jsonl"
    seen: list[Status] = []
    sampler = Counting()
    records = evaluate(
        PROBLEMS, sampler, verify, encode, config, path, "m", lambda verdict, trajectory: seen.append(verdict.status)
    )
    assert records == read_jsonl(path)
    assert [(line["problem_id"], line["mode"], line["sample"]) for line in records] == [
        (name, mode, sample)
        for name in ("c", "a", "b")  # as the problems come
        for mode, sample in [("greedy", 0), ("sampled", 0), ("sampled", 1), ("sampled", 2)]
    ]
    for line, request in zip(records, sampler.asked, strict=True):
        assert line["text"] == f"t{request.seed % 1000}"
        verdict = verify(PROBLEMS[0], Trajectory(text=line["text"]))
        assert (line["status"], line["score"], line["answer"]) == (verdict.status, verdict.reward, verdict.answer)
        assert line["finish_reason"] == "stop" and line["tokens"] == 2 and line["tags"] == []
    assert len({line["status"] for line in records}) >= 3
    assert sorted(seen) == sorted(line["status"] for line in records)


def test_a_complete_file_is_not_sampled_again(config: RunConfig, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    first, _ = call(config, path)
    text = path.read_text()
    second, asked = call(config, path)
    assert asked == [] and second == first and path.read_text() == text


@pytest.mark.parametrize("done", [0, 1, 7, 11])
def test_a_kill_while_sampling(config: RunConfig, tmp_path: Path, done: int) -> None:
    whole, _ = call(config, tmp_path / "whole.jsonl")
    path = tmp_path / "cut.jsonl"
    with pytest.raises(Killed):
        call(config, path, Counting(stop_after=done))
    written = len(read_jsonl(path))
    records, asked = call(config, path)
    assert len(asked) == 12 - written
    assert records == whole and path.read_text() == (tmp_path / "whole.jsonl").read_text()


@pytest.mark.parametrize("cut", [1, 25, 60])
def test_a_line_that_was_cut_short(config: RunConfig, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "e.jsonl"
    whole, _ = call(config, path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:5]) + lines[5][:-cut])
    records, asked = call(config, path)
    # Only the line's end missing is a whole line still.
    assert len(asked) == (6 if cut == 1 else 7)
    assert records == whole == read_jsonl(path)


def test_the_order_of_a_half_done_file_does_not_matter(config: RunConfig, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    whole, _ = call(config, path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[9], lines[2], lines[4]]))
    records, asked = call(config, path)
    assert len(asked) == 9 and records == whole


def test_damage_in_the_middle_is_named(config: RunConfig, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    call(config, path)
    lines = path.read_text().splitlines(keepends=True)
    lines[2] = lines[2][:10] + "\n"
    path.write_text("".join(lines))
    with pytest.raises(DataError, match=r"e\.jsonl, line 3"):
        call(config, path)


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [("eval", "temperature", 1.0), ("rollout", "max_tokens", 8), (None, "seed", 5)],
)
def test_other_settings_are_refused(
    config: RunConfig, tmp_path: Path, section: str | None, field: str, value: Any
) -> None:
    path = tmp_path / "e.jsonl"
    call(config, path)
    before = path.read_text()
    if section is None:
        changed = config.model_copy(update={field: value})
    else:
        part = getattr(config, section).model_copy(update={field: value})
        changed = config.model_copy(update={section: part})
    with pytest.raises(RunError, match=rf"other settings \({field}"):
        call(changed, path)
    assert path.read_text() == before


def test_another_model_or_fewer_problems_are_refused(config: RunConfig, tmp_path: Path) -> None:
    path = tmp_path / "e.jsonl"
    call(config, path)
    with pytest.raises(RunError, match=r"model was 'm', now 'n'"):
        call(config, path, model="n")
    with pytest.raises(RunError, match=r"problems was 3, now 2"):
        call(config, path, problems=PROBLEMS[:2])


def test_a_prompt_that_is_too_long_stops_it_before_sampling(config: RunConfig, tmp_path: Path) -> None:
    sampler = Counting()
    with pytest.raises(DataError, match="problem long"):
        call(config, tmp_path / "e.jsonl", sampler, problems=[*PROBLEMS, problem("long")])
    assert sampler.asked == []


def test_settings_lie_beside_the_file(config: RunConfig, tmp_path: Path) -> None:
    call(config, tmp_path / "e.jsonl", model="some/model")
    settings = json.loads((tmp_path / "e.json").read_text())
    assert settings["model"] == "some/model" and settings["samples"] == 3 and settings["max_tokens"] == 9


def test_more_samples_add_to_what_is_there_and_fewer_take_nothing_away(config: RunConfig, tmp_path: Path) -> None:
    def with_samples(count: int) -> RunConfig:
        return config.model_copy(update={"eval": config.eval.model_copy(update={"samples": count})})

    path = tmp_path / "e.jsonl"
    three, _ = call(with_samples(3), path)
    five, asked = call(with_samples(5), path)
    assert len(asked) == 3 * 2 and len(five) == 3 * 6
    assert [line for line in five if line["sample"] < 3] == three
    assert five == call(with_samples(5), tmp_path / "fresh.jsonl")[0]
    again, asked = call(with_samples(1), path)
    assert asked == [] and again == five
