"""Groups -> tensors: which rows get in, and where each number lands."""

from __future__ import annotations

import math

import pytest
import torch

from builders import group, trajectory
from verirl.batch import make_batch


def test_every_tensor_by_hand() -> None:
    first = group([trajectory([5, 6], [7, 8, 9], [-0.1, -0.2, -0.3]), trajectory([5, 6], [4], [-0.4])], [1.0, 0.0])
    second = group([trajectory([3], [2, 2], [-0.5, -0.6]), trajectory([3], [1], [-0.7])], [0.0, 1.0])
    batch = make_batch([first, second], [[0.7, -0.7], [-1.5, 1.5]])
    assert batch is not None
    assert batch.ids.tolist() == [[5, 6, 7, 8, 9], [5, 6, 4, 0, 0], [3, 2, 2, 0, 0], [3, 1, 0, 0, 0]]
    assert batch.mask.tolist() == [[0, 0, 1, 1, 1], [0, 0, 1, 0, 0], [0, 1, 1, 0, 0], [0, 1, 0, 0, 0]]
    expected = [[0, 0, -0.1, -0.2, -0.3], [0, 0, -0.4, 0, 0], [0, -0.5, -0.6, 0, 0], [0, -0.7, 0, 0, 0]]
    torch.testing.assert_close(batch.sampler_logprobs, torch.tensor(expected))
    torch.testing.assert_close(batch.old_logprobs, torch.tensor(expected))
    torch.testing.assert_close(batch.advantages, torch.tensor([0.7, -0.7, -1.5, 1.5]))
    assert batch.lengths.tolist() == [5, 3, 3, 2]
    assert batch.prompt_lengths.tolist() == [2, 2, 1, 1]
    assert batch.groups.tolist() == [0, 0, 1, 1]
    assert batch.samples == 4
    assert batch.ref_logprobs is None
    assert batch.ids.dtype == torch.int64 and batch.mask.dtype == batch.advantages.dtype == torch.float32


def test_rows_without_advantage_stay_out_but_count_as_samples() -> None:
    dull = group([trajectory([1], [11, 12, 13, 14]), trajectory([1], [12])], [1.0, 1.0])
    mixed = group([trajectory([2], [13]), trajectory([2], [14]), trajectory([2], [15])], [1.0, 0.0, 0.5])
    batch = make_batch([dull, mixed], [[0.0, 0.0], [1.0, -1.0, 0.0]])
    assert batch is not None
    assert batch.ids.tolist() == [[2, 13], [2, 14]]  # and only as wide as the rows that are left
    assert batch.groups.tolist() == [1, 1]
    assert batch.samples == 5


def test_every_row_takes_in_what_has_no_advantage() -> None:
    dull = group([trajectory([1], [11, 12]), trajectory([1], [12])], [1.0, 1.0])
    mixed = group([trajectory([2], [13]), trajectory([2], [14]), trajectory([2], [15])], [1.0, None, 0.0])
    silent = group([trajectory([3], [16], mask=[0]), trajectory([3], [17])], [1.0, 1.0])
    batch = make_batch([dull, mixed, silent], [[0.0, 0.0], [1.0, None, -1.0], [0.0, 0.0]], every_row=True)
    assert batch is not None
    # All but the one without a reward, and the one in which the policy wrote nothing.
    assert batch.ids.tolist() == [[1, 11, 12], [1, 12, 0], [2, 13, 0], [2, 15, 0], [3, 17, 0]]
    assert batch.advantages.tolist() == [0, 0, 1, -1, 0]
    assert batch.groups.tolist() == [0, 0, 1, 1, 2]
    assert batch.samples == 6


def test_every_row_alone_makes_a_batch_of_groups_without_advantage() -> None:
    dull = group([trajectory([1], [2]), trajectory([1], [3])], [1.0, 1.0])
    assert make_batch([dull], [[0.0, 0.0]]) is None
    batch = make_batch([dull], [[0.0, 0.0]], every_row=True)
    assert batch is not None and batch.ids.tolist() == [[1, 2], [1, 3]]


@pytest.mark.parametrize("every_row", [False, True])
def test_tokens_are_those_that_the_policy_wrote_in_scored_samples(every_row: bool) -> None:
    dull = group([trajectory([1, 1], [11, 12, 13, 14]), trajectory([1, 1], [12])], [1.0, 1.0])
    mixed = group([trajectory([2], [13, 14]), trajectory([2], [14] * 50), trajectory([2], [15])], [1.0, None, 0.0])
    turns = group([trajectory([3], [16, 17, 18], mask=[1, 0, 1])], [1.0])
    batch = make_batch([dull, mixed, turns], [[0.0, 0.0], [1.0, None, -1.0], [0.5]], every_row)
    assert batch is not None
    assert batch.tokens == 4 + 1 + 2 + 1 + 2  # no prompts, no environment, not the 50 without a reward
    assert batch.samples == 5


def test_infrastructure_errors_are_in_neither_rows_nor_count() -> None:
    faulty = group([trajectory([2], [13]), trajectory([2], [14]), trajectory([2], [15])], [1.0, None, 0.0])
    batch = make_batch([faulty], [[0.7, None, -0.7]])
    assert batch is not None
    assert batch.ids.tolist() == [[2, 13], [2, 15]]
    assert batch.samples == 2


def test_an_episode_of_several_turns_keeps_its_holes() -> None:
    turns = trajectory([2, 3], [10, 11, 12, 13], [-1.0, math.nan, -math.inf, -4.0], mask=[1, 0, 0, 1])
    batch = make_batch([group([turns], [1.0])], [[1.0]])
    assert batch is not None
    assert batch.ids.tolist() == [[2, 3, 10, 11, 12, 13]]
    assert batch.mask.tolist() == [[0, 0, 1, 0, 0, 1]]
    assert batch.sampler_logprobs.tolist() == [[0, 0, -1, 0, 0, -4]]  # an environment's tokens have none
    assert batch.lengths.tolist() == [6]


def test_a_row_in_which_the_policy_wrote_nothing_stays_out() -> None:
    silent = trajectory([2], [10, 11], mask=[0, 0])
    batch = make_batch([group([silent, trajectory([2], [12])], [0.0, 1.0])], [[-1.0, 1.0]])
    assert batch is not None
    assert batch.ids.tolist() == [[2, 12]]
    assert batch.samples == 2


def test_nothing_to_learn_is_no_batch() -> None:
    assert make_batch([], []) is None
    dull = group([trajectory([1], [2]), trajectory([1], [3])], [1.0, 1.0])
    assert make_batch([dull], [[0.0, 0.0]]) is None
    faulty = group([trajectory([1], [2]), trajectory([1], [3])], [None, None])
    assert make_batch([faulty], [[None, None]]) is None
