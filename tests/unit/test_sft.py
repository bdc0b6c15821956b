"""Warm start: what is learned, how it is packed, and what is wrong with the data."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from builders import make_learner, plain_logprobs, problem, run_config, weights_of
from verirl.config import ModelConfig
from verirl.errors import ConfigError, DataError
from verirl.models import load_model, load_tokenizer
from verirl.packing import Branch, Tree
from verirl.runlog import RunLog, read_jsonl
from verirl.sft import PackedRows, chat_examples, make_example_encoder, reference_examples, sft
from verirl.train import Unwatched


def tree(number: int, size: int) -> Tree:
    return Tree(prompt=[number], branches=[Branch(ids=[number] * (size - 1), mask=[1] * (size - 1))])


def numbers(rows: list[list[Tree]]) -> list[int]:
    return [example.prompt[0] for row in rows for example in row]


@pytest.fixture(scope="module")
def tokenizer(sharp_model: Path) -> Any:
    return load_tokenizer(ModelConfig(name=str(sharp_model)))


CHAT = [{"role": "user", "content": "2+3"}, {"role": "assistant", "content": "5!"}]


# ------------------------------------------------------------------------------------------------------------ examples


def test_only_the_answer_is_learned(tokenizer: Any) -> None:
    example = make_example_encoder(tokenizer, 64)(CHAT, "here")
    assert tokenizer.decode(example.prompt) == "u:2+3\na:"
    (branch,) = example.branches
    assert tokenizer.decode(branch.ids) == "5!<eos>"  # with the end token, or the policy would never stop
    assert branch.mask == [1, 1, 1]


def test_only_the_last_answer_of_several_is_learned(tokenizer: Any) -> None:
    example = make_example_encoder(tokenizer, 64)([*CHAT, *CHAT], "here")
    assert tokenizer.decode(example.prompt) == "u:2+3\na:5!\nu:2+3\na:"
    assert len(example.branches[0].ids) == 3


def test_an_example_longer_than_a_row(tokenizer: Any) -> None:
    assert make_example_encoder(tokenizer, 11)(CHAT, "here").size == 10  # the last token is predicted, not read
    with pytest.raises(DataError, match=r"here: 11 tokens do not fit into sft.sequence_tokens = 10"):
        make_example_encoder(tokenizer, 10)(CHAT, "here")


def test_references(tokenizer: Any) -> None:
    class Referenced:
        def reference(self, problem: Any) -> str | None:
            return None if problem.id == "hard" else problem.data["answer"]

    encode = make_example_encoder(tokenizer, 64)
    examples = reference_examples(Referenced(), [problem("easy", "7"), problem("hard"), problem("b", "9")], encode)
    assert [tokenizer.decode(example.branches[0].ids) for example in examples] == ["7<eos>", "9<eos>"]
    with pytest.raises(ConfigError, match="no references"):
        reference_examples(object(), [problem()], encode)


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_chats_from_a_file(tokenizer: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "c.jsonl", json.dumps({"messages": CHAT}), "", json.dumps({"messages": CHAT}))
    assert len(chat_examples(path, make_example_encoder(tokenizer, 64))) == 2


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x0b", "\x1c"])
def test_a_line_ends_at_a_newline_and_nowhere_else(tokenizer: Any, tmp_path: Path, mark: str) -> None:
    # str.splitlines() would cut here; JSON allows the first three inside a string as they are.
    chat = [{"role": "user", "content": f"a{mark}b"}, CHAT[1]]
    escape = ord(mark) < 32
    path = write(tmp_path / "c.jsonl", json.dumps({"messages": chat}, ensure_ascii=escape))
    assert len(chat_examples(path, make_example_encoder(tokenizer, 64))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[1, 2]",
        "7",
        "null",
        "{}",
        '{"messages": []}',
        '{"messages": null}',
        '{"messages": "text"}',
        '{"messages": {"role": "assistant"}}',
        '{"messages": [{"role": "assistant", "content": "alone"}]}',
        '{"messages": [{"role": "assistant", "content": "5"}, {"role": "user", "content": "2+3"}]}',
        '{"messages": [{"role": "user", "content": "2+3"}, {"role": "assistant"}]}',
        '{"messages": [{"role": "user", "content": "2+3"}, {"role": "assistant", "content": null}]}',
        '{"messages": [{"content": "2+3"}, {"role": "assistant", "content": "5"}]}',
        '{"messages": [{"role": 7, "content": "2+3"}, {"role": "assistant", "content": "5"}]}',
        '{"messages": ["user", {"role": "assistant", "content": "5"}]}',
    ],
)
def test_a_bad_line_is_named(tokenizer: Any, tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "chats.jsonl", json.dumps({"messages": CHAT}), line)
    with pytest.raises(DataError, match=r"chats\.jsonl, line 2: "):
        chat_examples(path, make_example_encoder(tokenizer, 64))


def test_a_chat_that_the_template_refuses_is_named(sharp_model: Path, tmp_path: Path) -> None:
    strict: Any = load_tokenizer(ModelConfig(name=str(sharp_model)))
    strict.chat_template = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}x"
    chat = [{"role": "system", "content": "be good"}, *CHAT]
    path = write(tmp_path / "chats.jsonl", json.dumps({"messages": chat}))
    with pytest.raises(DataError, match=r"chats\.jsonl, line 1: .*no system role"):
        chat_examples(path, make_example_encoder(strict, 64))


def test_a_long_chat_is_named(tokenizer: Any, tmp_path: Path) -> None:
    long = [{"role": "user", "content": "x" * 100}, CHAT[1]]
    path = write(tmp_path / "chats.jsonl", json.dumps({"messages": CHAT}), json.dumps({"messages": long}))
    with pytest.raises(DataError, match=r"chats\.jsonl, line 2: 108 tokens"):
        chat_examples(path, make_example_encoder(tokenizer, 64))


def test_files_that_cannot_be_read(tokenizer: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.jsonl cannot be read"):
        chat_examples(tmp_path / "nowhere.jsonl", None)
    (tmp_path / "latin.jsonl").write_bytes(b'{"messages": "\xe4"}\n')
    with pytest.raises(DataError, match=r"latin\.jsonl cannot be read"):
        chat_examples(tmp_path / "latin.jsonl", None)


# ---------------------------------------------------------------------------------------------------------------- rows


def test_rows_never_exceed_their_width() -> None:
    examples = [tree(number, 2 + number * 7 % 11) for number in range(30)]
    rows = PackedRows(examples, 13, seed=0).next(60)
    for row, following in itertools.pairwise(rows):
        assert row and sum(example.size for example in row) <= 13
        assert sum(example.size for example in row) + following[0].size > 13  # nor is a row left emptier than it must


def test_every_epoch_has_every_example_in_an_order_of_its_own() -> None:
    examples = [tree(number, 4) for number in range(20)]
    drawn = numbers(PackedRows(examples, 10, seed=0).next(40))  # two a row
    epochs = [drawn[start : start + 20] for start in range(0, 80, 20)]
    assert all(sorted(epoch) == list(range(20)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4
    assert numbers(PackedRows(examples, 10, seed=1).next(40)) != drawn


def test_rows_go_on_where_they_were() -> None:
    examples = [tree(number, 2 + number % 5) for number in range(17)]
    straight = PackedRows(examples, 12, seed=3)
    straight.next(9)
    state = straight.state()
    assert state == {"rows": 9}
    assert numbers(PackedRows(examples, 12, 3, state["rows"]).next(20)) == numbers(straight.next(20))


# ------------------------------------------------------------------------------------------------------------ learning


def test_the_loss_is_the_mean_over_learned_tokens(sharp_model: Path, tmp_path: Path, tokenizer: Any) -> None:
    learner = make_learner(run_config(sharp_model, optimizer={"micro_batch_tokens": 64}), tmp_path)
    encode = make_example_encoder(tokenizer, 64)
    chats = [
        [{"role": "user", "content": "q" * n}, {"role": "assistant", "content": "a" * (n % 4 + 1)}]
        for n in (1, 5, 9, 2)
    ]
    examples = [encode(chat, "") for chat in chats]
    model = load_model(learner.config.model, torch.float32)
    every = torch.cat([plain_logprobs(model, example.prompt, example.branches[0].ids) for example in examples])
    metrics = learner.sft_step([examples[:2], examples[2:3], examples[3:]])
    assert metrics["tokens_trained"] == len(every) == 3 + 3 + 3 + 4
    assert metrics["loss"] == pytest.approx(-float(every.mean()), rel=1e-5)


def test_prompts_are_not_learned(sharp_model: Path, tmp_path: Path) -> None:
    """Two examples with the same prompt and the same response, told apart by nothing: the gradient is that of the
    response alone, so a learner that also learned the prompt would end elsewhere."""
    example = Tree(prompt=[5, 6, 7, 8], branches=[Branch(ids=[9, 2], mask=[1, 1])])
    learner = make_learner(run_config(sharp_model), tmp_path)
    learner.sft_step([[example]])
    model: Any = load_model(learner.config.model, torch.float32)
    logprobs = model(input_ids=torch.tensor([[5, 6, 7, 8, 9, 2]])).logits[0].log_softmax(-1)
    (-(logprobs[3, 9] + logprobs[4, 2]) / 2).backward()
    norm = math.sqrt(sum(float(parameter.grad.pow(2).sum()) for parameter in model.parameters()))
    again = make_learner(run_config(sharp_model), tmp_path)
    assert again.sft_step([[example]])["grad_norm"] == pytest.approx(norm, rel=1e-4)


def examples_for(tokenizer: Any) -> list[Tree]:
    encode = make_example_encoder(tokenizer, 64)
    return [
        encode([{"role": "user", "content": f"{i}?"}, {"role": "assistant", "content": f"{i}{i}."}], "")
        for i in range(9)
    ]


def test_the_loss_goes_down(sharp_model: Path, tmp_path: Path, tokenizer: Any) -> None:
    config = run_config(
        sharp_model,
        steps=40,
        sft={"sequence_tokens": 64, "rows_per_step": 2},
        optimizer={"learning_rate": 1e-2},
        checkpoint={"every": 0},
    )
    learner = make_learner(config, tmp_path / "checkpoints")
    sft(config, examples_for(tokenizer), learner, RunLog(tmp_path), Unwatched())
    lines = read_jsonl(tmp_path / "metrics.jsonl")
    assert [line["step"] for line in lines] == list(range(1, 41))
    assert lines[-1]["loss"] < 0.25 * lines[0]["loss"]
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-000040"]


def test_a_killed_warm_start_goes_on_exactly(sharp_model: Path, tmp_path: Path, tokenizer: Any) -> None:
    config = run_config(
        sharp_model,
        steps=5,
        sft={"sequence_tokens": 32, "rows_per_step": 2},
        optimizer={"learning_rate": 1e-2},
        checkpoint={"every": 2},
    )

    class Kill(Exception):
        pass

    class Kills(Unwatched):
        def step(self, step: int, metrics: dict[str, float]) -> None:
            if step == 3:
                raise Kill

    def run(name: str, watcher: Any) -> dict[str, torch.Tensor]:
        (tmp_path / name).mkdir(exist_ok=True)
        learner = make_learner(config, tmp_path / name / "checkpoints")
        sft(config, examples_for(tokenizer), learner, RunLog(tmp_path / name), watcher)
        return weights_of(learner)

    def losses(name: str) -> list[tuple[int, float]]:
        return [(line["step"], line["loss"]) for line in read_jsonl(tmp_path / name / "metrics.jsonl")]

    expected = run("whole", Unwatched())
    with pytest.raises(Kill):
        run("cut", Kills())
    assert len(losses("cut")) == 3
    found = run("cut", Unwatched())
    assert losses("cut") == losses("whole")
    assert all(torch.equal(tensor, expected[name]) for name, tensor in found.items())
