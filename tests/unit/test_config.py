"""RunConfig: files, overrides, defaults, and errors that name the key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from verirl.config import RunConfig, cpu_threads, dump_toml, load_config
from verirl.errors import ConfigError

CONFIGS = sorted((Path(__file__).parents[2] / "configs").rglob("*.toml"))


def write(folder: Path, text: str) -> Path:
    path = folder / "c.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_shipped_config_is_valid(path: Path) -> None:
    assert isinstance(load_config(path), RunConfig)


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, ""))
    assert config.model_copy(update={"task": RunConfig().task}) == RunConfig()
    assert config.task.config["extraction"] == "boxed"  # the task's defaults are visible too


def test_dumped_config_shows_every_default_and_comes_back(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, "steps = 7\n[rollout]\ngroup_size = 3\n[task.config]\nlevels = [2, 3]\n"))
    text = dump_toml(config)
    shown = tomllib.loads(text)
    assert shown["rollout"]["temperature"] == 1.0 and shown["task"]["config"]["train_size"] == 2000
    assert set(shown) == set(RunConfig.model_fields)
    assert load_config(write(tmp_path, text)) == config


def test_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        RunConfig().steps = 3  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        RunConfig().rollout.group_size = 3  # type: ignore[misc]


def test_overrides_are_typed(tmp_path: Path) -> None:
    path = write(tmp_path, "steps = 7\n[rollout]\ngroup_size = 3\n")
    words = "--steps 9 --rollout.temperature 0.5 --eval.max_tokens 12 --task.config.levels 2 4 --sampler.kind hf"
    config = load_config(path, [*words.split(), "--loss.no-std-normalization"])
    assert (config.steps, config.rollout.temperature, config.eval.max_tokens) == (9, 0.5, 12)
    assert config.task.config["levels"] == [2, 4] and config.sampler.kind == "hf"
    assert config.loss.std_normalization is False
    assert config.rollout.group_size == 3  # the file's, untouched


@pytest.mark.parametrize(
    "words",
    [
        ["--rollout.group_size", "1"],
        ["--rollout.group_size", "many"],
        ["--rollout.group_sze", "4"],
        ["--task.config.levels", "9"],
        ["--task.config.leveels", "1"],
        ["stray"],
    ],
    ids=" ".join,
)
def test_wrong_overrides_end_with_code_2(tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        load_config(write(tmp_path, ""), words)
    assert ended.value.code == 2
    message = capsys.readouterr().err
    assert "Traceback" not in message
    assert words[0].removeprefix("--").split(".")[-1].split("_")[0] in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[rollout]\ngroup_sze = 4\n", "unknown key `rollout.group_sze`"),
        ("group_size = 4\n", "unknown key `group_size`"),
        ('[rollout]\ngroup_size = "many"\n', "`rollout.group_size`: input should be a valid integer"),
        ("[rollout]\ngroup_size = 1\n", "`rollout.group_size`: input should be greater than or equal to 2 (got 1)"),
        ("rollout = 3\n", "`rollout`: input should be"),
        ("[task.config]\nlevls = [1]\n", "unknown key `task.config.levls`; this task's keys are: data, path,"),
        ('[task.config]\ntrain_size = "x"\n', "`task.config.train_size`: input should be a valid integer"),
        ("steps = \n", "not valid TOML: Invalid value (at line 1, column 9)"),
    ],
)
def test_wrong_files_are_told_with_the_path_of_the_key(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert str(error.value).startswith(f"{path}: ") and message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_long_wrong_value_is_cut(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(write(tmp_path, f'steps = "{"x" * 10_000}"\n'))
    assert len(str(error.value)) < 300


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such config file"):
        load_config(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="Is a directory"):
        load_config(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b'runs_dir = "\xe9"\n')
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(tmp_path / "latin.toml")


def test_the_task_cannot_be_overridden(tmp_path: Path) -> None:
    """The other overrides were parsed against its config."""
    with pytest.raises(ConfigError, match=r"`--task.name` cannot be overridden"):
        load_config(write(tmp_path, ""), ["--task.name", "other"])


@pytest.mark.parametrize(("threads", "expected"), [(3, 3), (0, None)])
def test_threads(threads: int, expected: Any) -> None:
    assert cpu_threads(RunConfig(threads=threads)) == (expected or cpu_threads(RunConfig()))
