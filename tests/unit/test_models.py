"""From a name to a model: what is wrong is said in one sentence that names it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from builders import problem
from verirl.config import ModelConfig
from verirl.errors import DataError, ModelError
from verirl.models import atomic_folder, context_length, load_model, load_tokenizer, make_encoder, resolve
from verirl.types import Problem


@pytest.fixture
def copy(sharp_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sharp_model, tmp_path / "model"))


def named(folder: Path) -> ModelConfig:
    return ModelConfig(name=str(folder))


def test_a_whole_folder(sharp_model: Path) -> None:
    assert resolve(str(sharp_model)) == str(sharp_model)
    model = load_model(named(sharp_model), torch.float32)
    assert next(model.parameters()).dtype == torch.float32
    assert context_length(str(sharp_model)) == 256


def test_a_hub_id_stays_as_it_is() -> None:
    assert resolve("owner/name") == "owner/name"


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere", "nowhere", "a/b/c", "~/nowhere-at-all"])
def test_a_name_that_is_nothing(name: str) -> None:
    with pytest.raises(ModelError, match=r"no such folder|neither a folder, nor a hub id"):
        resolve(name)


def test_a_folder_without_config(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json"):
        resolve(str(tmp_path))


def test_a_broken_config(copy: Path) -> None:
    (copy / "config.json").write_text('{"model_type": "llama", ')
    with pytest.raises(ModelError, match=r"config\.json is not valid JSON") as caught:
        load_model(named(copy), torch.float32)
    assert str(copy) in str(caught.value)


def test_a_config_of_no_known_model(copy: Path) -> None:
    (copy / "config.json").write_text('{"model_type": "no-such-architecture"}')
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(named(copy), torch.float32)
    with pytest.raises(ModelError, match="config cannot be loaded"):
        context_length(str(copy))


def test_no_chat_template(copy: Path) -> None:
    for file in copy.glob("*.jinja"):
        file.unlink()
    settings = json.loads((copy / "tokenizer_config.json").read_text())
    settings.pop("chat_template", None)
    (copy / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(ModelError, match=r"no chat template.*model\.chat_template"):
        load_tokenizer(named(copy))
    template = copy / "mine.jinja"
    template.write_text("{{ messages[0]['content'] }}!")
    tokenizer: Any = load_tokenizer(ModelConfig(name=str(copy), chat_template=str(template)))
    assert tokenizer.apply_chat_template([{"role": "user", "content": "hi"}], tokenize=False) == "hi!"
    with pytest.raises(ModelError, match=r"model\.chat_template.*nowhere\.jinja cannot be read"):
        load_tokenizer(ModelConfig(name=str(copy), chat_template=str(copy / "nowhere.jinja")))


def test_no_tokenizer(copy: Path) -> None:
    for file in copy.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(ModelError, match="tokenizer cannot be loaded"):
        load_tokenizer(named(copy))


def no_file(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def half_a_file(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def a_tensor_short(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.1.mlp.up_proj.weight"]  # transformers would draw it at random, and go on
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


@pytest.mark.parametrize("damage", [no_file, half_a_file, a_tensor_short])
def test_weights_that_are_not_all_there(copy: Path, damage: Callable[[Path], None]) -> None:
    damage(copy)
    with pytest.raises(ModelError) as caught:
        load_model(named(copy), torch.float32)
    assert str(copy) in str(caught.value)
    if damage is a_tensor_short:
        assert "model.layers.1.mlp.up_proj.weight" in str(caught.value)


# ------------------------------------------------------------------------------------------------------------- prompts


@pytest.fixture(scope="module")
def tokenizer(sharp_model: Path) -> Any:
    return load_tokenizer(named(sharp_model))


def with_content(content: Any) -> Problem:
    return Problem(id="x1", prompt=[{"role": "user", "content": content}], data={}, split="train")


def test_prompts(tokenizer: Any) -> None:
    ids = make_encoder(tokenizer, 100)(problem(text="3+4"), 16)
    assert tokenizer.decode(ids) == "u:3+4\na:"
    assert all(isinstance(token, int) for token in ids)


def test_a_prompt_that_is_too_long(tokenizer: Any) -> None:
    encode = make_encoder(tokenizer, context=20)
    assert len(encode(with_content("x" * 9), 6)) == 14  # 14 + 6 = 20 fits
    with pytest.raises(DataError, match=r"problem x1: its prompt has 14 tokens.*max_tokens = 7.*context of 20"):
        encode(with_content("x" * 9), 7)
    with pytest.raises(DataError, match="problem x1"):
        encode(with_content("x" * 40), 1)


def test_content_in_parts(tokenizer: Any) -> None:
    encode = make_encoder(tokenizer, 100)
    parts = [{"type": "text", "text": "3+"}, {"type": "text", "text": "4"}]
    assert encode(with_content(parts), 8) == encode(with_content("3+4"), 8)
    with pytest.raises(DataError, match=r"problem x1: .*part of type 'image'; only text"):
        encode(with_content([*parts, {"type": "image", "image": "x.png"}]), 8)


def test_a_prompt_that_the_template_refuses(sharp_model: Path) -> None:
    strict: Any = load_tokenizer(named(sharp_model))
    strict.chat_template = "{{ raise_exception('no system role') }}"
    with pytest.raises(DataError, match=r"problem x1: .*no system role"):
        make_encoder(strict, 100)(with_content("3+4"), 8)


# ----------------------------------------------------------------------------------------------------- atomic folders


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with atomic_folder(target) as scratch:
        (scratch / "deep").mkdir()
        (scratch / "deep" / "file").write_text("new")
        assert not target.exists()
    assert (target / "deep" / "file").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_a_folder_is_replaced_or_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "old").write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_folder(target) as scratch:
        (scratch / "new").write_text("new")
        raise KeyboardInterrupt
    assert [path.name for path in target.iterdir()] == ["old"]
    with atomic_folder(target) as scratch:
        (scratch / "new").write_text("new")
    assert [path.name for path in target.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
