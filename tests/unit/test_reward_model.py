"""Reward models: scores, averages, folders, and the reward that is made of them."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import problem, run_config
from verirl.errors import ConfigError, ModelError
from verirl.models import load_model, load_tokenizer
from verirl.reward_model.folder import CARD, load_reward_model, member_folders, save_reward_model
from verirl.reward_model.model import RewardModel, SequenceHead, average
from verirl.rewards.learned import LearnedReward, combined
from verirl.tiny import make_tiny_model
from verirl.types import Status, Trajectory

HEADS = ("last", "sequence")
GROUPS: Any = [
    ([5, 6, 7], [[8, 9, 10, 2], [11, 2], [8, 9, 10, 2], [12]]),
    ([20, 21], [[30, 31, 32, 33, 34, 35, 2]]),
    ([40], [[41, 42], [43, 44, 45]]),
]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def make(folder: Path, head: Any, seed: int = 0) -> RewardModel:
    options = run_config(folder).model
    return RewardModel(load_model(options, torch.float32), load_tokenizer(options), head, seed)


def perturbed(model: RewardModel, seed: int) -> RewardModel:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    return model


def plain_raw(model: RewardModel, prompt: Sequence[int], response: Sequence[int]) -> float:
    """By the definition: one sequence by itself, no packing."""
    ids = torch.tensor([[*prompt, *response]])
    with torch.no_grad():
        hidden = model.backbone.base_model(input_ids=ids, use_cache=False).last_hidden_state[0]
        if not isinstance(model.head, SequenceHead):
            return float(hidden[-1] @ model.head.weight[0])
        logprobs = model.backbone(input_ids=ids, use_cache=False).logits[0].log_softmax(-1)
        values = []
        for place, token in enumerate(response, start=len(prompt)):
            embedding = model.backbone.get_input_embeddings().weight[token]
            seen = torch.cat([hidden[place - 1], embedding, logprobs[place - 1, token][None]])
            values.append(float(model.head.second(torch.nn.functional.gelu(model.head.first(seen)))))
        return sum(values) / len(values)


# ---------------------------------------------------------------------------------------------------------------- scores


@pytest.mark.parametrize("head", HEADS)
def test_scores_are_those_of_each_response_alone(sharp_model: Path, head: str) -> None:
    model = make(sharp_model, head)
    expected = [plain_raw(model, prompt, response) for prompt, responses in GROUPS for response in responses]
    assert model.raw_scores(GROUPS).tolist() == pytest.approx(expected, abs=1e-4)
    assert model.raw(GROUPS).tolist() == pytest.approx(expected, abs=1e-4)
    assert model.raw(GROUPS, budget=12).tolist() == pytest.approx(expected, abs=1e-4)
    assert len({round(value, 4) for value in expected}) == 6  # all but the repeated one differ
    model.standardize(model.raw_scores(GROUPS))
    scores = model.scores(GROUPS)
    assert float(scores.mean()) == pytest.approx(0, abs=1e-9)
    assert float(scores.std(correction=0)) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("head", HEADS)
@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_a_group_has_the_same_bits_whatever_it_is_scored_with(sharp_model: Path, head: str, seed: int) -> None:
    model = cached(sharp_model, head)
    draw = random.Random(seed)

    def tokens(low: int, high: int) -> list[int]:
        return [draw.randrange(3, 90) for _ in range(draw.randint(low, high))]

    groups: Any = [(tokens(1, 9), [tokens(0, 9) for _ in range(draw.randint(1, 5))]) for _ in range(4)]
    together = model.scores(groups).tolist()
    alone = [score for group in groups for score in model.scores([group]).tolist()]
    assert together == alone
    prompt, responses = groups[0]
    twice = model.scores([(prompt, [*responses, *responses])]).tolist()
    assert twice[: len(responses)] == twice[len(responses) :]  # equal responses: equal bits


MODELS: dict[tuple[Path, str], RewardModel] = {}


def cached(folder: Path, head: str) -> RewardModel:
    if (folder, head) not in MODELS:
        MODELS[folder, head] = make(folder, head)
    return MODELS[folder, head]


def test_an_empty_response_has_a_score(sharp_model: Path) -> None:
    last, sequence = make(sharp_model, "last"), make(sharp_model, "sequence")
    assert last.raw([([5, 6], [[]])]).tolist() == pytest.approx([plain_raw(last, [5, 6], [])], abs=1e-5)
    assert isinstance(sequence.head, SequenceHead)
    with torch.no_grad():
        sequence.head.empty.fill_(-3.5)
    found = sequence.raw([([5, 6], [[], [7]]), ([8], [[]])])
    assert found.tolist() == pytest.approx([-3.5, plain_raw(sequence, [5, 6], [7]), -3.5], abs=1e-5)
    found.sum().backward()  # type: ignore[no-untyped-call]
    assert sequence.head.empty.grad is not None and float(sequence.head.empty.grad) == 2.0
    with pytest.raises(ValueError, match="at least one token"):
        last.raw([([], [[1]])])


@pytest.mark.parametrize("head", HEADS)
def test_packing_changes_no_gradient(sharp_model: Path, head: str) -> None:
    def gradients(budget: int) -> list[torch.Tensor]:
        model = make(sharp_model, head)
        (model.raw(GROUPS, budget) * torch.arange(7)).sum().backward()  # type: ignore[no-untyped-call]
        return [p.grad for p in model.parameters() if p.grad is not None]

    whole, parts = gradients(10**9), gradients(8)
    assert len(whole) > 10
    for a, b in zip(whole, parts, strict=True):
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("scores", [[1.0, 1.0], [1.0, math.nan], [1.0], [math.inf, 0.0]])
def test_what_cannot_be_standardised_is_refused(tiny_model: Path, scores: list[float]) -> None:
    with pytest.raises(ModelError, match="standardised"):
        make(tiny_model, "last").standardize(torch.tensor(scores))


# ------------------------------------------------------------------------------------------------------ averages, folders


@pytest.mark.parametrize("head", HEADS)
def test_the_average_of_equal_models_is_that_model(sharp_model: Path, head: Any) -> None:
    models = [perturbed(make(sharp_model, head), 0) for _ in range(3)]
    for model in models:
        model.standardize(model.raw_scores(GROUPS))
    same = average(models).state_dict()
    assert all(torch.equal(tensor, same[name]) for name, tensor in models[0].state_dict().items())
    other = perturbed(make(sharp_model, head), 1)
    middle = average([models[0], other]).state_dict()
    for name, tensor in models[0].state_dict().items():
        if tensor.is_floating_point():
            assert torch.allclose(middle[name], (tensor + other.state_dict()[name]) / 2, atol=1e-6)
    assert other is not models[0] and torch.equal(models[0].state_dict()["mean"], models[1].state_dict()["mean"])


def test_other_heads_and_shapes_are_not_averaged(sharp_model: Path, tiny_model: Path) -> None:
    for other in (make(sharp_model, "sequence"), make(tiny_model, "last")):
        with pytest.raises(ModelError, match="same head and the same backbone"):
            average([make(sharp_model, "last"), other])


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("tied", [True, False])
def test_a_saved_model_has_the_same_scores(tmp_path: Path, head: Any, tied: bool) -> None:
    model = perturbed(make(make_tiny_model(tmp_path / "base", hidden=32, tied=tied, spread=0.2), head), 0)
    model.standardize(model.raw_scores(GROUPS))
    save_reward_model(model, tmp_path / "a" / "rm")
    again = load_reward_model(tmp_path / "a" / "rm")
    assert again.kind == head and torch.equal(model.scores(GROUPS), again.scores(GROUPS))
    save_reward_model(again, tmp_path / "a" / "rm")  # over itself
    assert torch.equal(model.scores(GROUPS), load_reward_model(tmp_path / "a" / "rm").scores(GROUPS))
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["rm"]  # no scratch is left


def test_transformers_reads_the_same_raw_score(sharp_model: Path, tmp_path: Path) -> None:
    """Even in padded batches, and for responses that end with the end token, which pads here."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = make(sharp_model, "last")
    model.tokenizer.pad_token = model.tokenizer.eos_token
    save_reward_model(model, tmp_path / "rm")
    assert model.tokenizer.pad_token == model.tokenizer.eos_token  # ours is left as it was
    auto: Any = AutoModelForSequenceClassification
    theirs = auto.from_pretrained(tmp_path / "rm").eval()
    assert theirs.config.num_labels == 1 and theirs.score.bias is None
    padding = AutoTokenizer.from_pretrained(tmp_path / "rm").pad_token_id
    assert padding == theirs.config.pad_token_id != model.tokenizer.eos_token_id
    rows = [[*prompt, *response] for prompt, responses in GROUPS for response in responses]
    width = max(map(len, rows))
    ids = torch.tensor([[*row, *[padding] * (width - len(row))] for row in rows])
    with torch.no_grad():
        found = theirs(input_ids=ids, attention_mask=(ids != padding).long()).logits
    assert found.shape == (7, 1)
    assert found[:, 0].tolist() == pytest.approx(model.raw_scores(GROUPS).tolist(), abs=1e-4)


def test_folders_that_are_no_reward_model_are_refused(sharp_model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no such folder; expected a folder with reward_model\.json"):
        member_folders(tmp_path / "none")
    for read in (member_folders, load_reward_model):
        with pytest.raises(ModelError, match=r"there is no reward_model\.json in it; expected"):
            read(sharp_model)
    save_reward_model(make(sharp_model, "sequence"), tmp_path / "rm")
    (tmp_path / "rm" / "head.safetensors").write_bytes(b"?")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_reward_model(tmp_path / "rm")
    card = json.loads((tmp_path / "rm" / CARD).read_text())
    for broken in ("{", "[]", json.dumps({**card, "std": 0}), json.dumps({**card, "head": "third"}), "{}"):
        (tmp_path / "rm" / CARD).write_text(broken)
        with pytest.raises(ModelError, match=r"reward_model\.json"):
            load_reward_model(tmp_path / "rm")


def test_a_run_stands_for_its_members_or_their_average(tmp_path: Path) -> None:
    for name in (*map(str, range(11)), "scratch"):
        (tmp_path / "members" / name).mkdir(parents=True)
        (tmp_path / "members" / name / CARD).write_text("{}")
    (tmp_path / "members" / "11").mkdir()  # not finished
    assert [path.name for path in member_folders(tmp_path)] == list(map(str, range(11)))
    assert member_folders(tmp_path / "members" / "3") == [tmp_path / "members" / "3"]
    (tmp_path / "average").mkdir()
    (tmp_path / "average" / CARD).write_text("{}")
    assert member_folders(tmp_path) == [tmp_path / "average"]


# ---------------------------------------------------------------------------------------------------------------- reward


def trajectories(prompt: Sequence[int], responses: Sequence[Sequence[int]]) -> list[Trajectory]:
    return [Trajectory(text="", prompt_ids=prompt, token_ids=response) for response in responses]


def test_members_are_combined(sharp_model: Path) -> None:
    models = [make(sharp_model, "last", seed) for seed in range(3)]
    expected = [model.scores(GROUPS[:1]).tolist() for model in models]
    prompt, responses = GROUPS[0]
    how: dict[Any, Callable[[list[float]], float]] = {
        "mean": lambda s: sum(s) / 3,
        "min": min,
        "lower": lambda s: sum(s) / 3 - float(np.std(s)),
    }
    for name, rule in how.items():
        verdicts = LearnedReward(models, name).score(problem(), trajectories(prompt, responses))
        for place, verdict in enumerate(verdicts):
            scores = [member[place] for member in expected]
            assert verdict.status is Status.SCORED and verdict.reward == pytest.approx(rule(scores))
            assert list(verdict.parts.items()) == [(f"model/{k}", score) for k, score in enumerate(scores)]
    assert combined([1.5], "lower") == 1.5


def test_threads_do_not_change_a_bit(sharp_model: Path) -> None:
    reward = LearnedReward([make(sharp_model, "sequence")], "mean")
    draw = random.Random(0)
    groups = [
        trajectories([5, 6, number + 3], [[draw.randrange(3, 90) for _ in range(draw.randint(1, 9))] for _ in range(4)])
        for number in range(40)
    ]
    alone = [[verdict.reward for verdict in reward.score(problem(), group)] for group in groups]
    shuffled = draw.sample(range(40), 40)
    with ThreadPoolExecutor(16) as executor:
        found = dict(zip(shuffled, executor.map(lambda at: reward.score(problem(), groups[at]), shuffled), strict=True))
    assert [[verdict.reward for verdict in found[at]] for at in range(40)] == alone


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_is_a_fault_of_ours(sharp_model: Path, value: float) -> None:
    """Of two models the second is broken for one token, which one of the samples has."""
    good, broken = make(sharp_model, "sequence"), make(sharp_model, "sequence")
    prompt, responses = GROUPS[0]
    with torch.no_grad():
        broken.head.state_dict()["empty"].fill_(value)
    verdicts = LearnedReward([good, broken], "mean").score(problem(), trajectories(prompt, [*responses, []]))
    assert [verdict.status for verdict in verdicts] == [Status.SCORED] * 4 + [Status.INFRASTRUCTURE_ERROR]
    assert verdicts[-1].reward is None and verdicts[-1].reason == f"Reward model 1 gave {value}, which is no score."


def test_a_response_beyond_the_context_is_a_fault_of_ours(sharp_model: Path) -> None:
    model = make(sharp_model, "last")
    long = [5] * model.context
    verdicts = LearnedReward([model], "mean").score(problem(), trajectories([5, 6], [[7], long]))
    assert [verdict.status for verdict in verdicts] == [Status.SCORED, Status.INFRASTRUCTURE_ERROR]
    assert f"between 1 and {model.context} tokens" in verdicts[1].reason


def test_opening(sharp_model: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(run_config(sharp_model).model)
    for member in range(2):
        save_reward_model(make(sharp_model, "last", member), tmp_path / "run" / "members" / str(member))
    reward = LearnedReward.open([str(tmp_path / "run")], "min", tokenizer)
    assert len(reward.models) == 2 and reward.combine == "min"
    with pytest.raises(ConfigError, match=r"needs reward\.models"):
        LearnedReward.open([], "mean", tokenizer)
    other = load_tokenizer(run_config(make_tiny_model(tmp_path / "other", phrases=["clearly "])).model)
    with pytest.raises(ModelError) as refused:
        LearnedReward.open([str(tmp_path / "run")], "mean", other)
    assert str(sharp_model) in str(refused.value) and str(tmp_path / "other") in str(refused.value)
