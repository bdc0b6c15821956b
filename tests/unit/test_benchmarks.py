"""What the benchmarks compute before they measure: verdicts of rows, useful work, and both sides of a comparison."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch

from builders import make_learner, run_config

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_a_row_holds_from_its_target_on(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from _rows import Row, print_rows

    monkeypatch.setattr(sys, "argv", ["script", "--json"])
    print_rows("t", [Row("a", 1.0, 3.0, 3.0, 3.0), Row("b", 1.0, 2.9, 2.9, 3.0), Row("c", 1.0, 2.0, 2.0)])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [list(line) for line in lines] == [["name", "ours", "peer", "ratio", "target", "holds"]] * 3
    assert [line["holds"] for line in lines] == [True, False, None]


def test_useful_work_is_what_torch_counts_where_nothing_is_shared(sharp_model: Path, tmp_path: Path) -> None:
    from learner_efficiency import SIZE, useful_work
    from torch.utils.flop_counter import FlopCounterMode

    learner = make_learner(run_config(sharp_model), tmp_path)
    prompt, response, groups = 6, 5, 2
    counter = FlopCounterMode(display=False)
    with counter:
        for _ in range(groups):  # linear layers see each token once, the head those that predict a response's
            hidden = learner.model.base_model(input_ids=torch.ones(1, prompt + SIZE * response, dtype=torch.int64))
            written = hidden.last_hidden_state[:, : SIZE * response]
            learner.model.get_output_embeddings()(written).sum().backward()
    products = sum(
        count
        for name, count in counter.get_flop_counts()["Global"].items()
        if "mm" in str(name) and "bmm" not in str(name)
    )
    pairs = groups * (21 + SIZE * (5 * 6 + 15))
    attention = 12 * 2 * 32 * pairs  # layers, width
    assert useful_work(learner.model, prompt, response, groups) == products + attention


def test_the_batch_that_is_timed_trains_every_row() -> None:
    from learner_efficiency import SIZE, make_groups_batch

    batch = make_groups_batch(prompt=7, response=3, groups=2, vocabulary=50)
    assert batch.ids.shape == (2 * SIZE, 10)
    assert bool((batch.advantages != 0).all()) and int(batch.mask.sum()) == 2 * SIZE * 3
    assert batch.groups.unique().tolist() == [0, 1]
