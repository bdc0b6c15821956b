"""Sampling with HF generate: from the right distribution, and the same tokens whatever else is in the batch."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from scipy.stats import chisquare

from builders import make_learner, plain_logits, plain_logprobs, random_batch, run_config
from verirl.errors import StaleWeightsError
from verirl.samplers.hf import HfSampler
from verirl.types import Request, Trajectory


def make_sampler(model: Path, batch: int = 16) -> HfSampler:
    torch.set_num_threads(1)
    return HfSampler(run_config(model, sampler={"kind": "hf", "max_num_seqs": batch}), str(model))


@pytest.fixture(scope="module")
def sampler(sharp_model: Path) -> HfSampler:
    return make_sampler(sharp_model)


def requests(count: int = 12, max_tokens: int = 10, temperature: float = 1.0) -> list[Request]:
    draw = random.Random(0)
    return [
        Request(
            prompt_ids=[draw.randrange(3, 90) for _ in range(draw.randint(1, 12))],
            max_tokens=max_tokens,
            temperature=temperature,
            seed=1000 + number,
        )
        for number in range(count)
    ]


def drawn(sampler: HfSampler, asked: Sequence[Request]) -> list[Trajectory]:
    """In the order of the requests."""
    found = sorted(sampler.sample(asked), key=lambda trajectory: trajectory.request)
    assert [trajectory.request for trajectory in found] == list(range(len(asked)))
    return found


def test_the_rest_of_the_batch_does_not_matter(sharp_model: Path, sampler: HfSampler) -> None:
    asked = requests()
    together = [list(trajectory.token_ids) for trajectory in drawn(sampler, asked)]
    assert len({tuple(tokens) for tokens in together}) == len(asked)
    alone = [list(drawn(sampler, [request])[0].token_ids) for request in asked]
    assert alone == together
    order = list(range(len(asked)))
    random.Random(1).shuffle(order)
    shuffled = drawn(make_sampler(sharp_model, batch=5), [asked[i] for i in order])
    assert [list(trajectory.token_ids) for trajectory in shuffled] == [together[i] for i in order]


def test_a_seed_decides(sampler: HfSampler) -> None:
    first = [Request(prompt_ids=[5, 6, 7], max_tokens=8, seed=seed) for seed in range(6)]
    texts = [trajectory.text for trajectory in drawn(sampler, first)]
    assert texts == [trajectory.text for trajectory in drawn(sampler, first)]
    assert len(set(texts)) == 6


def test_greedy_is_the_most_likely_token_each_time(sampler: HfSampler) -> None:
    for trajectory in drawn(sampler, requests(count=6, temperature=0.0)):
        ids = list(trajectory.prompt_ids)
        for token in trajectory.token_ids:
            assert token == int(plain_logits(sampler.model, ids)[-1].argmax())
            ids.append(token)
        assert len(trajectory.token_ids) == 10 or trajectory.token_ids[-1] == 2


def test_greedy_and_sampled_in_one_batch(sampler: HfSampler) -> None:
    greedy, sampled = requests(count=4, temperature=0.0), requests(count=4, temperature=1.3)
    mixed = drawn(sampler, [greedy[0], sampled[1], greedy[2], sampled[3]])
    for place, alone in enumerate((greedy[0], sampled[1], greedy[2], sampled[3])):
        assert list(mixed[place].token_ids) == list(drawn(sampler, [alone])[0].token_ids)


@pytest.mark.parametrize("temperature", [1.0, 0.5, 1.7])
def test_logprobs_are_those_of_a_plain_forward_pass(sampler: HfSampler, temperature: float) -> None:
    for trajectory in drawn(sampler, requests(temperature=temperature)):
        expected = plain_logprobs(sampler.model, trajectory.prompt_ids, trajectory.token_ids, temperature)
        torch.testing.assert_close(torch.tensor(trajectory.logprobs), expected, atol=1e-4, rtol=0)
        lengths = {len(trajectory.token_ids), len(trajectory.policy_mask), len(trajectory.policy_versions)}
        assert lengths == {len(trajectory.logprobs)}
        assert set(trajectory.policy_mask) == {1}


def test_each_request_has_its_own_length(sampler: HfSampler) -> None:
    limits = [1, 7, 3, 12, 2, 5]
    asked = [Request(prompt_ids=[5, 6], max_tokens=limit, seed=number) for number, limit in enumerate(limits)]
    for trajectory, limit in zip(drawn(sampler, asked), limits, strict=True):
        stopped = trajectory.token_ids[-1] == 2
        assert len(trajectory.token_ids) == limit or (stopped and len(trajectory.token_ids) < limit)
        assert trajectory.finish_reason == ("stop" if stopped else "length")
        assert 2 not in trajectory.token_ids[:-1]


def test_the_end_token_belongs_to_the_sample_but_not_to_its_text(sampler: HfSampler) -> None:
    asked = [Request(prompt_ids=[5, 6], max_tokens=40, seed=seed) for seed in range(64)]
    ended = [trajectory for trajectory in drawn(sampler, asked) if trajectory.finish_reason == "stop"]
    assert ended  # a policy that learns when to stop needs the token among those trained on
    for trajectory in ended:
        assert trajectory.token_ids[-1] == 2 and "<eos>" not in trajectory.text
        assert len(trajectory.logprobs) == len(trajectory.token_ids)


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_samples_follow_the_softmax(sampler: HfSampler, temperature: float) -> None:
    count, prompt = 3000, [5, 6, 7]
    asked = [Request(prompt_ids=prompt, max_tokens=1, temperature=temperature, seed=seed) for seed in range(count)]
    sampler.batch = 1000
    tokens = torch.tensor([trajectory.token_ids[0] for trajectory in drawn(sampler, asked)])
    sampler.batch = 16
    expected = count * (plain_logits(sampler.model, prompt)[-1] / temperature).softmax(-1).double()
    observed = torch.bincount(tokens, minlength=128).double()
    rare = expected < 5  # one class, as the test wants at least five in each
    expected = torch.cat([expected[~rare], expected[rare].sum()[None]])
    observed = torch.cat([observed[~rare], observed[rare].sum()[None]])
    assert len(expected) > 20
    result = chisquare(observed.numpy(), (expected * observed.sum() / expected.sum()).numpy())
    assert result.pvalue > 1e-3  # seeds are fixed, so this holds always or never


def test_generation_settings_of_the_model_do_not_bias_the_draw(sharp_model: Path, tmp_path: Path) -> None:
    """Chat models ship settings such as a repetition penalty. The learner knows nothing of them."""
    folder = Path(shutil.copytree(sharp_model, tmp_path / "model"))
    settings = json.loads((folder / "generation_config.json").read_text())
    settings |= {"repetition_penalty": 3.0, "no_repeat_ngram_size": 1, "do_sample": True, "top_k": 2, "top_p": 0.5}
    settings |= {"temperature": 0.3, "eos_token_id": [2, 50]}
    (folder / "generation_config.json").write_text(json.dumps(settings))
    sampler = make_sampler(folder)
    long = requests(max_tokens=30)
    for trajectory in drawn(sampler, long):
        expected = plain_logprobs(sampler.model, trajectory.prompt_ids, trajectory.token_ids)
        torch.testing.assert_close(torch.tensor(trajectory.logprobs), expected, atol=1e-4, rtol=0)
        assert not {2, 50} & set(trajectory.token_ids[:-1])  # but its other end tokens do end a response


# ------------------------------------------------------------------------------------------------------------- weights


def test_new_weights_take_effect(sharp_model: Path, tmp_path: Path) -> None:
    sampler = make_sampler(sharp_model)
    learner = make_learner(run_config(sharp_model, optimizer={"learning_rate": 1e-2, "warmup_steps": 0}), tmp_path)
    asked = requests(count=4)
    before = [trajectory.text for trajectory in drawn(sampler, asked)]
    learner.step(random_batch(seed=0))
    assert [trajectory.text for trajectory in drawn(sampler, asked)] == before  # they share no memory
    sampler.load(learner.weights(), version=7)
    after = drawn(sampler, asked)
    assert [trajectory.text for trajectory in after] != before
    for trajectory in after:
        assert set(trajectory.policy_versions) == {7}
        expected = plain_logprobs(learner.model, trajectory.prompt_ids, trajectory.token_ids)
        torch.testing.assert_close(torch.tensor(trajectory.logprobs), expected, atol=1e-4, rtol=0)


def test_a_load_that_does_nothing_is_noticed(
    sharp_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampler = make_sampler(sharp_model)
    learner = make_learner(run_config(sharp_model, optimizer={"learning_rate": 1e-2}), tmp_path)
    learner.step(random_batch(seed=0))
    monkeypatch.setattr(sampler, "_transfer", lambda given, held: None)
    with pytest.raises(StaleWeightsError, match="version 7"):
        sampler.load(learner.weights(), version=7)
    assert sampler.version == 0


def test_a_tensor_that_is_missing_or_bent_is_named(sharp_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = make_sampler(sharp_model)
    whole = {name: tensor.clone() + 0.1 for name, tensor in sampler.model.named_parameters()}
    name = "model.layers.1.mlp.up_proj.weight"
    with pytest.raises(StaleWeightsError, match=name):
        sampler.load(((n, tensor) for n, tensor in whole.items() if n != name), version=1)

    transfer = sampler._transfer

    def bent(given: dict[str, torch.Tensor], held: dict[str, torch.Tensor]) -> None:
        broken: dict[str, Any] = {**given, name: given[name].clone()}
        broken[name][3, 5] += 1e-6  # one number, in its last places
        transfer(broken, held)

    monkeypatch.setattr(sampler, "_transfer", bent)
    with pytest.raises(StaleWeightsError, match=rf"1 differ, {name}"):
        sampler.load(whole.items(), version=1)
