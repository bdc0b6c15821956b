"""Bad input: one clear sentence on stderr, exit code 2, nothing lost and nothing left in the way of the next start."""

from __future__ import annotations

import json
import shutil
import sys
import types
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import all_files, call, write_config

import verirl.samplers
from verirl.learner import TorchLearner

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("group_size = 2", "group_sze = 2", "unknown key `rollout.group_sze`"),
        ("group_size = 2", "group_size = 1", "`rollout.group_size`: input should be greater than or equal to 2"),
        ("train_size", "trian_size", "unknown key `task.config.trian_size`"),
        ("steps = 2", "steps = ", "not valid TOML"),
        ('name = "math"', 'name = "maths"', "no task named 'maths'; installed tasks: "),
        ('name = "math"', 'name = "nowhere/t.py:T"', "no such file: nowhere/t.py"),
        ("levels = [1]", 'data = "{folder}/none.jsonl"', "none.jsonl: no such file"),
        ("levels = [1]", 'data = "{folder}/broken.jsonl"', "broken.jsonl, line 2: not valid JSON"),
        ("levels = [1]", 'data = "{folder}/no-answer.jsonl"', "no-answer.jsonl, line 2: `answer` is missing"),
        ("levels = [1]", 'data = "{folder}/empty-answer.jsonl"', "empty-answer.jsonl, line 2: `answer` is missing"),
        ("max_tokens = 4", "max_tokens = 250", "with max_tokens = 250 exceeds the model's context of 256"),
        ('runs_dir = "', 'runs_dir = "/proc/', "run folder /proc/"),
        ("test_size = 6", "test_size = 0", "it has no test problems"),
    ],
)
def test_config_and_data(tmp_path: Path, tiny_model: Path, capfd: Capture, old: str, new: str, message: str) -> None:
    good = '{"question": "1 + 1?", "answer": 2}\n'
    (tmp_path / "broken.jsonl").write_text(good + "not JSON\n")
    (tmp_path / "no-answer.jsonl").write_text(good + '{"question": "1 + 2?"}\n')
    (tmp_path / "empty-answer.jsonl").write_text(good + '{"question": "1 + 2?", "answer": " "}\n')
    config = write_config(tmp_path, tiny_model, replace=(old, new.format(folder=tmp_path)))
    assert message in call(capfd, "train", config).refused()
    assert not (tmp_path / "runs").exists()


def without(*names: str) -> Callable[[Path], None]:
    return lambda folder: [file.unlink() for name in names for file in folder.glob(name)] and None


def written(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text(text) and None


def cut(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:5000])


def one_layer_more(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (shutil.rmtree, "no such folder"),
        (without("config.json"), "no config.json in it"),
        (written("config.json", "{"), "config.json is not valid JSON"),
        (written("config.json", "{}"), "its config cannot be loaded"),
        (without("*.safetensors"), "its weights cannot be loaded"),
        (cut, "its weights cannot be loaded"),
        (one_layer_more, "9 weights are missing"),
        (without("tokenizer*"), "its tokenizer cannot be loaded"),
        (without("chat_template*"), "no chat template; give one with model.chat_template"),
    ],
)
def test_model(tmp_path: Path, tiny_model: Path, capfd: Capture, spoil: Callable[[Path], None], message: str) -> None:
    broken = tmp_path / "model"
    shutil.copytree(tiny_model, broken)
    spoil(broken)
    refusal = call(capfd, "train", write_config(tmp_path, broken)).refused()
    assert message in refusal and str(broken) in refusal
    assert not (tmp_path / "runs").exists()


def test_hub_out_of_reach(tmp_path: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)  # at once; without it the client retries
    refusal = call(capfd, "train", write_config(tmp_path, Path("somebody/some-model"))).refused()
    assert "somebody/some-model: there is no such folder here" in refusal and "Hugging Face hub" in refusal


def test_run_folder_under_a_file(tmp_path: Path, tiny_model: Path, capfd: Capture) -> None:
    (tmp_path / "runs").write_text("precious")
    config = write_config(tmp_path, tiny_model)
    refusal = call(capfd, "train", config).refused()
    assert "cannot be written" in refusal and "runs_dir" in refusal
    assert "is a file" in call(capfd, "train", config, "--runs_dir", tmp_path, "--name", "runs").refused()
    assert (tmp_path / "runs").read_text() == "precious"


def test_existing_folder(tmp_path: Path, tiny_model: Path, capfd: Capture) -> None:
    config = write_config(tmp_path, tiny_model)
    (tmp_path / "runs/c").mkdir(parents=True)
    (tmp_path / "runs/c/thesis.txt").write_text("precious")
    before = all_files(tmp_path)
    for verb in ("train", "sft"):
        assert "exists already: add --resume" in call(capfd, verb, config).refused()
        assert "holds no run to resume" in call(capfd, verb, config, "--resume").refused()
    (tmp_path / "runs/c/config.toml").write_text("steps = ")
    assert "config.toml: not valid TOML" in call(capfd, "train", config, "--resume").refused()
    (tmp_path / "runs/c/config.toml").unlink()
    assert all_files(tmp_path) == before


def test_checkpoint_of_another_model(tmp_path: Path, tiny_model: Path, capfd: Capture) -> None:
    config = write_config(tmp_path, tiny_model)
    assert call(capfd, "sft", config, "--steps", 1, "--json").code == 0
    checkpoint = tmp_path / "runs/c/checkpoints/step-000001"
    state = json.loads((checkpoint / "trainer.json").read_text())
    (checkpoint / "trainer.json").write_text(json.dumps(state | {"model": "another"}))
    before = all_files(checkpoint)
    refusal = call(capfd, "sft", config, "--resume").refused()
    assert "was trained from model 'another'" in refusal and str(checkpoint) in refusal
    (checkpoint / "trainer.json").write_text("{")
    assert "is no whole checkpoint" in call(capfd, "sft", config, "--resume").refused()
    assert all_files(checkpoint) == before | {"trainer.json": b"{"}


def test_vllm_missing(tmp_path: Path, tiny_model: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verirl.samplers, "find_spec", lambda name: None if name == "vllm" else find_spec(name))
    config = write_config(tmp_path, tiny_model)
    for words in (("train", config), ("eval", config)):
        refusal = call(capfd, *words, "--sampler.kind", "vllm").refused()
        assert "vLLM is not installed: pip install vllm" in refusal and "sampler.kind = 'hf'" in refusal
    assert not (tmp_path / "runs").exists()


def test_vllm_that_does_not_start(
    tmp_path: Path, tiny_model: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class LLM:
        def __init__(self, **options: Any) -> None:
            raise RuntimeError("Engine core initialization failed.\nSee root cause above.")

    fake = types.ModuleType("vllm")
    fake.LLM = LLM  # type: ignore[attr-defined]
    fake.__spec__ = find_spec("json")
    monkeypatch.setitem(sys.modules, "vllm", fake)
    refusal = call(capfd, "train", write_config(tmp_path, tiny_model), "--sampler.kind", "vllm").refused()
    assert "RuntimeError: Engine core initialization failed." in refusal and "sampler.kind = 'hf'" in refusal
    assert not (tmp_path / "runs").exists()


def test_a_start_that_fails_late_is_in_nobodys_way(
    tmp_path: Path, tiny_model: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder was made, nothing was sampled: another config may have it, without --resume."""
    from verirl.errors import StaleWeightsError
    from verirl.samplers.hf import HfSampler

    def fails(*arguments: object) -> None:
        raise StaleWeightsError("the sampler's weights are not the learner's.")

    config = write_config(tmp_path, tiny_model)
    with monkeypatch.context() as patched:
        patched.setattr(HfSampler, "sample", fails)
        assert "the sampler's weights are not" in call(capfd, "train", config).refused()
    assert (tmp_path / "runs/c/eval/step-000000.json").is_file()
    done = call(capfd, "train", config, "--steps", 1, "--eval.problems", 3, "--json")
    assert done.code == 0 and done.json[-1]["after"]["n"] == 3


def test_a_fault_of_our_own(tmp_path: Path, tiny_model: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not the user's: exit code 1, and the traceback in a file to report it with."""

    def fails(*arguments: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(TorchLearner, "sft_step", fails)
    done = call(capfd, "sft", write_config(tmp_path, tiny_model))
    assert done.code == 1 and "Traceback" not in done.err and "fault of verirl's own (ZeroDivisionError" in done.err
    log = Path(done.err.split("please report it with ")[1].split(". VERIRL_DEBUG")[0])
    assert "in fails" in log.read_text()
    log.unlink()


RAISES = """
from pydantic import BaseModel
from verirl.types import Problem

class Raises:
    class Config(BaseModel):
        pass
    def __init__(self, config):
        pass
    def problems(self, split):
        return {}["train"]
    def verify(self, problem, response, tools):
        pass
"""


def test_a_fault_of_the_task(tmp_path: Path, tiny_model: Path, capfd: Capture) -> None:
    (tmp_path / "t.py").write_text(RAISES)
    config = tmp_path / "c.toml"
    config.write_text(f'[task]\nname = "{tmp_path}/t.py:Raises"\n[model]\nname = "{tiny_model}"\n')
    refusal = call(capfd, "train", config, "--runs_dir", tmp_path / "runs").refused()
    assert "Raises' raised KeyError: 'train'" in refusal and f"{tmp_path}/t.py, line 11" in refusal


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no JSON\n", "line 3: expected"),
        ('{"messages": [{"role": "user", "content": "a"}]}\n', "line 3: the last of at least two messages"),
        (None, "cannot be read (No such file or directory); sft.data names"),
    ],
)
def test_sft_data(tmp_path: Path, tiny_model: Path, capfd: Capture, text: str | None, message: str) -> None:
    data = tmp_path / "chats.jsonl"
    good = json.dumps({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]})
    if text is not None:
        data.write_text(f"{good}\n\n{text}")
    refusal = call(capfd, "sft", write_config(tmp_path, tiny_model), "--sft.data", data).refused()
    assert str(data) in refusal and message in refusal
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"no JSON", "not JSON ("),
        (b"[1]", "not an object; expected"),
        (b'{"id": "a", "problem": {}}', "the field 'response' is missing"),
        (b'{"id": "a", "problem": "x", "response": ""}', "the field 'problem' must be an object"),
        (b'{"id": "a", "problem": {}, "response": 3}', "the field 'response' must be a string"),
        (b'{"id": true, "problem": {}, "response": ""}', "the field 'id' must be a string"),
        (b'{"id": 1.5, "problem": {}, "response": ""}', "the field 'id' must be a string"),
        (b'{"id": "\xff", "problem": {}, "response": ""}', "not JSON ('utf-8' codec"),
        (b"[" * 100_000, "not JSON ("),
    ],
    ids=["text", "list", "missing", "problem", "response", "bool", "float", "utf-8", "deep"],
)
def test_score_input(tmp_path: Path, capfd: Capture, line: bytes, message: str) -> None:
    path, out = tmp_path / "r.jsonl", tmp_path / "v.jsonl"
    path.write_bytes(b'{"id": "a", "problem": {"answer": "1"}, "response": ""}\n\n' + line + b"\n")
    out.write_text("earlier verdicts")
    refusal = call(capfd, "score", "math", path, "-o", out).refused()
    assert f"{path}, line 3: {message}" in refusal
    assert out.read_text() == "earlier verdicts"


def test_score_files(tmp_path: Path, capfd: Capture) -> None:
    path = tmp_path / "r.jsonl"
    assert f"{path} cannot be read (No such file" in call(capfd, "score", "math", path).refused()
    assert "cannot be read (Is a directory)" in call(capfd, "score", "math", tmp_path).refused()
    path.write_text('{"id": "a", "problem": {"answer": "1"}, "response": ""}\n')
    before = path.read_text()
    assert "holds the responses" in call(capfd, "score", "math", path, "-o", path).refused()
    assert "cannot be written" in call(capfd, "score", "math", path, "-o", tmp_path / "none/v.jsonl").refused()
    assert "no task named 'mth'" in call(capfd, "score", "mth", path).refused()
    assert path.read_text() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["report", "{folder}/none"], "no such run folder"),
        (["report", "{folder}"], "not a run folder"),
        (["report", "{folder}", "--wrong", "1"], "unknown argument '--wrong'"),
        (["task", "list", "--wrong"], "unknown argument '--wrong'"),
        (["task", "show", "mth"], "no task named 'mth'"),
        (["eval", "{folder}"], "is no run folder"),
        (["eval", "{folder}/none.toml"], "no such config file"),
        (["eval", "{config}", "--compare", "{folder}/none"], "no such run folder or evaluation file"),
        (["eval", "{config}", "--compare", "{folder}"], "there is no evaluation in it"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_other_verbs(tmp_path: Path, tiny_model: Path, capfd: Capture, words: list[str], message: str) -> None:
    config = write_config(tmp_path, tiny_model)
    assert message in call(capfd, *(word.format(folder=tmp_path, config=config) for word in words)).refused()


@pytest.mark.parametrize(
    "words",
    [
        ["train", "{config}", "--rollout.group_sze", "4"],
        ["train", "{config}", "--rollout.group_size", "1"],
        ["score", "math", "{config}", "--config.extraction", "guess"],
        ["eval", "{config}", "-k", "0"],
        ["trian", "{config}"],
        ["train"],
        [],
    ],
    ids=" ".join,
)
def test_wrong_words(tmp_path: Path, tiny_model: Path, capfd: Capture, words: list[str]) -> None:
    """argparse and tyro say it in their own way: more than a sentence, but clear, and with the same exit code."""
    config = write_config(tmp_path, tiny_model)
    done = call(capfd, *(word.format(config=config) for word in words))
    assert done.code == 2 and done.out == "" and done.err and "Traceback" not in done.err
    assert "pydantic.dev" not in done.err
