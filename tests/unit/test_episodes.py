"""Episodes of several turns: whose tokens are whose, when they end, and that such a run trains, resumes and evaluates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from cli_helpers import call, read_lines, write_config
from safetensors.torch import load_file

from builders import run_config
from verirl.batch import make_batch
from verirl.config import ModelConfig
from verirl.episodes import EpisodeSampler, make_follower
from verirl.errors import ModelError
from verirl.models import load_tokenizer, render
from verirl.rollout import Rollout, rollout_from_json
from verirl.samplers.hf import HfSampler
from verirl.samplers.scripted import ScriptedSampler
from verirl.types import Group, Message, Problem, Request, Status, Trajectory, Verdict
from verirl.workers import WorkerPool

# As ChatML has it: the end of a message, and then something more before the next one.
CHAT_ML = (
    "{% for m in messages %}{{ m.role }} {{ m.content }}{% if m.role == 'assistant' %}{{ eos_token }}{% endif %};"
    "{% endfor %}{% if add_generation_prompt %}assistant {% endif %}"
)
TASK = Path(__file__).parents[1] / "turns_task.py"


def problem(name: str = "a") -> Problem:
    return Problem(id=name, prompt=[{"role": "user", "content": "Guess"}], data={}, split="train")


class Answers:
    """A pool's place: what the environment says, by the number of turns so far."""

    def __init__(self, *said: str | Verdict | None) -> None:
        self.said = said
        self.asked: list[Sequence[Message]] = []

    def __len__(self) -> int:
        return 1

    def respond(self, problem: Problem, transcript: Sequence[Message]) -> str | Verdict | None:
        self.asked.append([dict(message) for message in transcript])
        return self.said[sum(message["role"] == "assistant" for message in transcript) - 1]


def sampler(script: Any, pool: Any, max_turns: int = 4, context: int = 1000) -> EpisodeSampler:
    return EpisodeSampler(ScriptedSampler(script), pool, lambda text, last: [90, len(text), 91], max_turns, context)


def one(made: Iterator[Trajectory]) -> Trajectory:
    (trajectory,) = made
    return trajectory


def test_an_episode_by_hand() -> None:
    """Prompt 1 2; the policy writes 10 11, the environment 90 3 91, the policy 20: the mask is on 10, 11 and 20 alone."""
    seen: list[Request] = []

    def script(request: Request, index: int) -> tuple[list[int], str, list[float]]:
        seen.append(request)
        return ([10, 11], "ten", [-0.5, -0.25]) if len(request.prompt_ids) == 2 else ([20], "twenty", [-2.0])

    answers = Answers("hot", None)
    request = Request(prompt_ids=[1, 2], max_tokens=5, seed=3, problem=problem())
    made = one(sampler(script, answers).sample([request]))
    assert made.prompt_ids == [1, 2] and made.token_ids == [10, 11, 90, 3, 91, 20]
    assert made.policy_mask == [1, 1, 0, 0, 0, 1]
    assert made.logprobs == [-0.5, -0.25, 0.0, 0.0, 0.0, -2.0]
    assert (made.text, made.finish_reason, made.fault) == ("twenty", "stop", None)
    turns = [("assistant", "ten"), ("user", "hot"), ("assistant", "twenty")]
    assert [(turn["role"], turn["content"]) for turn in made.turns] == turns
    assert [len(asked) for asked in answers.asked] == [2, 4] and answers.asked[0][0]["content"] == "Guess"
    assert seen[1].prompt_ids == [1, 2, 10, 11, 90, 3, 91] and seen[0].seed == 3 != seen[1].seed
    other = Trajectory(text="", prompt_ids=[1, 2], token_ids=[10], policy_mask=[1], logprobs=[-0.5])
    group = Group(problem=problem(), trajectories=[made, other], verdicts=[])
    batch = make_batch([group], [[1.0, -1.0]])
    assert batch is not None and batch.tokens == 4
    assert batch.mask[0].tolist() == [0, 0, 1, 1, 0, 0, 0, 1] and batch.mask[1].tolist() == [0, 0, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("answers", "options", "tokens", "turns", "finish"),
    [
        (("a",) * 9, {"max_turns": 3}, 1, 5, "stop"),  # the turns are used up
        (("a",) * 9, {"context": 14}, 1, 3, "length"),  # 2 + 1 + 3 + 5 fit, 2 + 1 + 3 + 1 + 3 + 5 do not
        (("a",) * 9, {}, 5, 1, "length"),  # a truncated turn
        ((None,), {}, 1, 1, "stop"),
    ],
    ids=["turns", "context", "truncated", "over"],
)
def test_when_an_episode_ends(
    answers: tuple[str | None, ...], options: dict[str, int], tokens: int, turns: int, finish: str
) -> None:
    script = lambda request, index: ([7] * tokens, "x", [-1.0] * tokens)
    request = Request(prompt_ids=[1, 2], max_tokens=5, problem=problem())
    made = one(sampler(script, Answers(*answers), **options).sample([request]))
    assert (len(made.turns), made.finish_reason) == (turns, finish)


def test_what_an_environment_says_stands_where_the_template_puts_it(tiny_model: Path) -> None:
    """The tokens of an episode are those of the whole chat, rendered at once."""
    tokenizer = load_tokenizer(ModelConfig(name=str(tiny_model)))
    chat: list[Message] = [
        {"role": "user", "content": "3+4"},
        {"role": "assistant", "content": "8"},
        {"role": "user", "content": "no 1"},
    ]
    tokenizer.chat_template = CHAT_ML
    whole = render(tokenizer, chat, "x", add_generation_prompt=True)
    start = render(tokenizer, chat[:1], "x", add_generation_prompt=True)
    end = int(tokenizer.eos_token_id)  # type: ignore[arg-type]
    wrote = [*tokenizer.encode("8", add_special_tokens=False), end]
    assert [*start, *wrote, *make_follower(tokenizer)("no 1", end)] == whole
    assert make_follower(tokenizer)("no 1", None) == whole[len(start) + len(wrote) :]
    tokenizer.chat_template = "{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}"
    with pytest.raises(ModelError, match="episodes of several turns cannot be sampled"):
        make_follower(tokenizer)("no 1", end)


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("raises", Status.INFRASTRUCTURE_ERROR, "ValueError: no such room"),
        ("number", Status.INFRASTRUCTURE_ERROR, "`respond` returned int"),
        ("spins", Status.TIMEOUT, "CPU time"),
        ("sleeps", Status.INFRASTRUCTURE_ERROR, "hung"),
    ],
)
def test_an_environment_that_fails_costs_its_sample_a_status(name: str, status: Status, reason: str) -> None:
    limits: Any = {"workers": 1, "cpu_seconds": 0.3, "wall_seconds": 3.0}
    with WorkerPool(f"{TASK}:Failing", {}, **limits) as pool:
        script = lambda request, index: ([7], "x", [-1.0])
        requests = [Request(prompt_ids=[1], max_tokens=5, problem=problem(each)) for each in (name, "fine")]
        made = {trajectory.request: trajectory for trajectory in sampler(script, pool).sample(requests)}
        verdict = pool.verify_trajectory(problem(name), made[0])
        assert verdict.status is status and reason in verdict.reason
        assert verdict.reward == (None if status is Status.INFRASTRUCTURE_ERROR else 0.0)
        assert pool.verify_trajectory(problem("fine"), made[1]).parts == {"turns": 4.0}
        kept = Rollout(
            groups=[Group(problem=problem(name), trajectories=[made[0]], verdicts=[verdict])],
            advantages_PG=[[None]], set_aside=[], seconds=1.0, seconds_waiting=0.0, resampled=0,
        )  # fmt: skip
        assert rollout_from_json(asdict(kept)) == kept


def test_the_same_episodes_whatever_else_is_sampled(sharp_model: Path) -> None:
    torch.set_num_threads(1)
    config = run_config(sharp_model)
    tokenizer = load_tokenizer(config.model)
    prompt = render(tokenizer, problem().prompt, "x", add_generation_prompt=True)
    with WorkerPool(f"{TASK}:Turns", {}, workers=2) as pool:
        episodes = EpisodeSampler(HfSampler(config, str(sharp_model)), pool, make_follower(tokenizer), 4, 256)
        requests = [Request(prompt_ids=prompt, max_tokens=40, seed=seed, problem=problem()) for seed in range(6)]
        together = {made.request: list(made.turns) for made in episodes.sample(requests)}
        alone = {number: list(one(episodes.sample([request])).turns) for number, request in enumerate(requests)}
        assert together == alone and len({len(turns) for turns in alone.values()}) > 1


def test_a_run_trains_resumes_and_evaluates(
    sharp_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    task = 'name = "math"\nconfig = { levels = [1], extraction = "number", train_size = 40, validation_size = 6, test_size = 6 }'
    config = write_config(tmp_path, sharp_model, replace=(task, f'name = "{TASK}:Turns"'))
    more = ["--rollout.group_size", "6", "--rollout.max_tokens", "40", "--optimizer.learning_rate", "1e-3", "--json"]
    assert call(capfd, "train", config, "--name", "whole", "--steps", "4", *more).code == 0
    assert call(capfd, "train", config, "--name", "parts", "--steps", "2", *more).code == 0
    assert call(capfd, "train", config, "--name", "parts", "--steps", "4", "--resume", *more).code == 0
    whole, parts = (tmp_path / "runs" / name for name in ("whole", "parts"))
    weights = [load_file(run / "checkpoints" / "step-000004" / "model.safetensors") for run in (whole, parts)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    start = load_file(sharp_model / "model.safetensors")
    assert any(not torch.equal(weights[0][name], start[name]) for name in start)
    samples = [line for step in range(1, 5) for line in read_lines(whole / "rollouts" / f"step-{step:06d}.jsonl")]
    assert {len(line["turns"]) for line in samples} >= {1, 3}
    assert all(line["text"] == line["turns"][-1]["content"] for line in samples)
    for line in read_lines(whole / "metrics.jsonl"):
        assert abs(line["drift_max"]) < 1e-3  # the learner reads an episode as the sampler wrote it
    evaluated = read_lines(whole / "eval" / "step-000004.jsonl")
    assert evaluated and all(line["turns"] for line in evaluated)
    assert call(capfd, "eval", whole, "--name", "again", "--json").code == 0
    assert read_lines(tmp_path / "runs" / "again" / "eval" / "step-000004.jsonl") == evaluated


def test_preferences_are_of_single_responses(
    sharp_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    task = 'name = "math"\nconfig = { levels = [1], extraction = "number", train_size = 40, validation_size = 6, test_size = 6 }'
    config = write_config(tmp_path, sharp_model, replace=(task, f'name = "{TASK}:Turns"'))
    assert "its environment answers" in call(capfd, "rm", "collect", config).refused()
