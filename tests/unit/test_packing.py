"""Packed trees must give every response what the model would give it alone."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
import torch

from builders import make_learner, plain_logprobs, random_batch, run_config
from verirl.learner import TorchLearner
from verirl.packing import Branch, Packed, Tree, batch_trees, micro_batches, pack, trees_for


@pytest.fixture(scope="module")
def learner(sharp_model: Path, tmp_path_factory: pytest.TempPathFactory) -> TorchLearner:
    return make_learner(run_config(sharp_model), tmp_path_factory.mktemp("none"))


def branch(*ids: int, mask: list[int] | None = None, sample: int = 0) -> Branch:
    return Branch(ids=ids, mask=[1] * len(ids) if mask is None else mask, sample=sample)


def logprobs(learner: TorchLearner, packed: Packed, temperature: float = 1.0) -> torch.Tensor:
    with torch.no_grad():
        return learner.token_logprobs(packed, temperature)[0]


def test_layout_by_hand() -> None:
    # Row 0: prompt 5 6, responses 7 8 11 and 9 12; row 1: prompt 4, response 3 13, then padding. Nothing is predicted from
    # 11, 12 and 13, so they are not there.
    first = Tree(prompt=[5, 6], branches=[branch(7, 8, 11, sample=0), branch(9, 12, sample=1)])
    second = Tree(prompt=[4], branches=[branch(3, 13, sample=2)])
    packed = pack([[first], [second]])
    assert packed.ids.tolist() == [[5, 6, 7, 8, 9], [4, 3, 0, 0, 0]]
    assert packed.segments.tolist() == [[1, 1, 2, 2, 3], [1, 2, 0, 0, 0]]
    assert packed.prompts.tolist() == [[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]]
    assert packed.positions.tolist() == [[0, 1, 2, 3, 2], [0, 1, 0, 0, 0]]  # 9 goes on where the prompt ended
    # 7 is predicted at 6 (index 1), 8 at 7 (2), 11 at 8 (3), 9 at 6 again (1), 12 at 9 (4), 3 at 4 (row 1: index 5).
    assert packed.predictors.tolist() == [1, 2, 3, 1, 4, 5, 6]
    assert packed.targets.tolist() == [7, 8, 11, 9, 12, 3, 13]
    assert packed.samples.tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert packed.columns.tolist() == [2, 3, 4, 2, 3, 1, 2]
    mask = packed.attention_mask()
    assert mask.shape == (2, 1, 5, 5)
    assert mask[0, 0].int().tolist() == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 1, 1, 1, 0],
        [1, 1, 0, 0, 1],  # 9 sees the prompt and itself, not 7 8
    ]
    assert mask[1, 0, :2, :2].int().tolist() == [[1, 0], [1, 1]]
    assert not mask[1, 0, :2, 2:].any() and not mask[1, 0, 2:, :2].any()  # padding and tokens do not meet
    assert mask.any(-1).all()  # a row of a softmax that sees nothing would be NaN


def test_trees_in_a_row_by_hand() -> None:
    row = [Tree(prompt=[5], branches=[branch(6, 1)]), Tree(prompt=[7, 8], branches=[branch(9, 10, 11, mask=[0, 1, 0])])]
    packed = pack([row])
    assert packed.ids.tolist() == [[5, 6, 7, 8, 9, 10]]
    assert packed.segments.tolist() == [[1, 2, 3, 3, 4, 4]]
    assert packed.prompts.tolist() == [[1, 1, 3, 3, 3, 3]]
    assert packed.positions.tolist() == [[0, 1, 0, 1, 2, 3]]
    assert packed.predictors.tolist() == [0, 1, 4]
    assert packed.targets.tolist() == [6, 1, 10]
    assert packed.attention_mask()[0, 0].int().tolist() == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 1, 1, 0, 0],
        [0, 0, 1, 1, 1, 0],
        [0, 0, 1, 1, 1, 1],
    ]


def test_a_window_counts_along_prompt_and_response() -> None:
    packed = pack([[Tree(prompt=[5, 6], branches=[branch(7, 8, 1), branch(9, 1)])]])
    assert packed.attention_mask(2)[0, 0].int().tolist() == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [0, 1, 1, 0, 0],
        [0, 0, 1, 1, 0],
        [0, 1, 0, 0, 1],  # 9 comes right after 6
    ]
    assert torch.equal(packed.attention_mask(4), packed.attention_mask())


@pytest.mark.parametrize("budget", [1, 12, 40, 100_000])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_packed_equals_one_by_one(learner: TorchLearner, budget: int, temperature: float) -> None:
    batch = random_batch(seed=budget, groups=3, size=5)
    found = torch.full(batch.mask.shape, torch.nan)
    trees = list(batch_trees(batch, budget))
    if budget == 1:
        assert len(trees) == len(batch.ids)  # every group falls apart, each part with its prompt
    if budget == 100_000:
        assert len(trees) == 3
    for packed in micro_batches(trees, budget):
        found[packed.samples, packed.columns] = logprobs(learner, packed, temperature)
    assert torch.equal(found.isnan(), batch.mask == 0)  # each learned token once, nothing else
    for row in range(len(batch.ids)):
        start, end = int(batch.prompt_lengths[row]), int(batch.lengths[row])
        ids = batch.ids[row].tolist()
        expected = plain_logprobs(learner.model, ids[:start], ids[start:end], temperature)
        learned = batch.mask[row, start:end] == 1
        torch.testing.assert_close(found[row, start:end][learned], expected[learned], atol=1e-5, rtol=0)


@pytest.mark.parametrize("budget", [1, 15, 30, 64, 1000])
def test_parts_respect_the_budget(budget: int) -> None:
    batch = random_batch(seed=3, groups=5, size=6)
    trees = list(batch_trees(batch, budget))
    samples = sorted(part.sample for tree in trees for part in tree.branches)
    assert samples == list(range(len(batch.ids)))
    for tree in trees:
        assert tree.size <= budget or len(tree.branches) == 1
    for packed in micro_batches(trees, budget):
        assert packed.ids.numel() <= budget or len(packed.ids) == 1


def test_entropy_is_that_of_the_distribution(learner: TorchLearner) -> None:
    tree = Tree(prompt=[5, 6, 7], branches=[branch(8)])
    with torch.no_grad():
        entropy = learner.token_logprobs(pack([[tree]]), 0.5)[1]
        logits = learner.model(input_ids=torch.tensor([[5, 6, 7]])).logits[0, -1] / 0.5
    expected = torch.distributions.Categorical(logits=logits).entropy()
    torch.testing.assert_close(entropy[0], expected, atol=1e-5, rtol=0)


def test_siblings_do_not_see_each_other(learner: TorchLearner) -> None:
    others = [branch(20, 21, 22, sample=1), branch(30, 31, sample=2)]

    def of_others(first: Branch) -> torch.Tensor:
        packed = pack([[Tree(prompt=[5, 6, 7], branches=[first, *others])]])
        found = logprobs(learner, packed)
        return found[packed.samples != 0]

    before, after = of_others(branch(40, 41, 42, 43)), of_others(branch(88, 3, 64, 17))
    assert len(before) == 5
    assert (before - after).abs().max() <= 1e-6
    # And the prompt is seen: otherwise the test above would hold for a model that sees nothing.
    prompt_changed = pack([[Tree(prompt=[9, 6, 7], branches=[branch(40, 41, 42, 43), *others])]])
    moved = logprobs(learner, prompt_changed)[prompt_changed.samples != 0]
    assert (moved - before).abs().max() > 1e-3


def test_trees_in_a_row_do_not_see_each_other(learner: TorchLearner) -> None:
    draw = random.Random(0)

    def example(number: int) -> Tree:
        prompt, response = ([draw.randrange(3, 90) for _ in range(draw.randint(1, 9))] for _ in range(2))
        return Tree(prompt=prompt, branches=[branch(*response, sample=number)])

    examples = [example(number) for number in range(7)]
    packed = pack([examples[:4], examples[4:6], examples[6:]])  # uneven rows, so padding is in play too
    found = logprobs(learner, packed)
    for tree in examples:
        response = tree.branches[0]
        expected = plain_logprobs(learner.model, tree.prompt, response.ids)
        torch.testing.assert_close(found[packed.samples == response.sample], expected, atol=1e-5, rtol=0)


def test_a_tree_in_which_nothing_is_learned(learner: TorchLearner) -> None:
    packed = pack([[Tree(prompt=[5, 6], branches=[branch(7, 8, mask=[0, 0])])]])
    assert packed.predictors.shape == packed.columns.shape == (0,)
    assert logprobs(learner, packed).shape == (0,)


def test_work_by_hand() -> None:
    # 10 + 4 x 10 tokens, attention as dear as the rest at 100: one row of 50 costs 50 + 25 = 75, two of 30 cost 60 + 18,
    # four of 20 cost 80 + 16. With responses of 100: 410 + 1681, 2 x (210 + 441), 4 x (110 + 121) = 924.
    assert trees_for(10, [10, 10, 10, 10], 100) == 1
    assert trees_for(10, [100, 100, 100, 100], 100) == 4
    assert trees_for(10, [100, 100, 100, 100], math.inf) == 1


@pytest.mark.parametrize("break_even", [0.1, 3.0, 20.0, 1e9])
def test_a_group_may_be_split_and_nothing_is_lost(break_even: float) -> None:
    batch = random_batch(seed=3, groups=4, size=6, longest=40)
    trees = list(batch_trees(batch, 1000, break_even))
    assert sorted(branch.sample for tree in trees for branch in tree.branches) == list(range(24))
    for tree in trees:
        for branch in tree.branches:
            row, end = branch.sample, int(batch.lengths[branch.sample])
            assert [*tree.prompt, *branch.ids] == batch.ids[row, :end].tolist()
    assert {0.1: len(trees) > 16, 1e9: len(trees) == 4}.get(break_even, True)
