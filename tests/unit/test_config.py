"""RunConfig: files, overrides, defaults, and errors that name the key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from verirl.config import PAPERS, LossConfig, LossKind, RunConfig, cpu_threads, dump_toml, load_config
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
    config = load_config(path, [*words.split(), "--loss.kind", "dapo"])
    assert (config.steps, config.rollout.temperature, config.eval.max_tokens) == (9, 0.5, 12)
    assert config.task.config["levels"] == [2, 4] and config.sampler.kind == "hf"
    assert config.loss.clip == (0.2, 0.28)  # the paper's, since neither is set
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
        ("[loss]\nimportance_cup = 2.0\n", "unknown key `loss.importance_cup`"),
        ("[loss]\nimportance_cap = 0.0\n", "`loss.importance_cap`: input should be greater than 0 (got 0.0)"),
        ('[loss]\nkind = "ppo"\n', "`loss.kind`: input should be 'grpo', 'dr_grpo', 'dapo', 'gspo', 'cispo' or 'rloo'"),
        ('[loss]\nkl_estimator = "k4"\n', "`loss.kl_estimator`: input should be 'k1', 'k2' or 'k3' (got 'k4')"),
        ("[loss]\nkl_coef = -0.1\n", "`loss.kl_coef`: input should be greater than or equal to 0"),
        ("[model]\nlora_rnk = 8\n", "unknown key `model.lora_rnk`"),
        ("[model]\nlora_rank = -1\n", "`model.lora_rank`: input should be greater than or equal to 0"),
        ('[model]\ndtype = "float16"\n', "`model.dtype`: input should be 'auto', 'float32' or 'bfloat16'"),
        ("[rollout]\ndynamic_sampling = 0\n", "`rollout.dynamic_sampling`: input should be greater than 0"),
        ('[rollout]\noff_policy = "often"\n', "`rollout.off_policy`: input should be a valid boolean"),
        ('[optimizer]\nkind = "adam"\n', "`optimizer.kind`: input should be 'adamw' or 'adamw_8bit'"),
        ("[optimizer]\nupdates_per_batch = 0\n", "`optimizer.updates_per_batch`: input should be greater than 0"),
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


def test_a_buffer_that_does_not_fit_names_its_key(tmp_path: Path) -> None:
    path = write(tmp_path, "[rollout]\noverlong_buffer = 9\nmax_tokens = 8\n")  # in whatever order
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert str(error.value) == f"{path}: `rollout.overlong_buffer`: should be at most rollout.max_tokens = 8 (got 9)."
    assert load_config(write(tmp_path, "[rollout]\noverlong_buffer = 8\nmax_tokens = 8\n")).rollout.overlong_buffer == 8
    with pytest.raises(SystemExit):
        load_config(path, ["--rollout.max_tokens", "7"])


@pytest.mark.parametrize("bound", ["clip_low", "clip_high"])
def test_the_numbers_of_the_papers_are_those_that_the_help_tells(bound: str) -> None:
    """`grpo, rloo 0.2; cispo 1, no bound`: names, then the number that they share."""
    text = (LossConfig.model_fields[bound].description or "").replace("\n", " ")
    told = {
        name: float(number)
        for names, number in re.findall(r"((?:[a-z_]+, )*[a-z_]+) (\d[\d.]*\d|\d)", text.split("paper (")[1])
        for name in names.split(", ")
    }
    assert told == {kind: getattr(paper, bound) for kind, paper in PAPERS.items()}


def test_the_clip_is_the_paper_s_where_none_is_set() -> None:
    for kind, paper in PAPERS.items():
        assert LossConfig(kind=kind).clip == (paper.clip_low, paper.clip_high)


def test_a_bound_that_is_set_takes_the_place_of_the_paper_s() -> None:
    assert LossConfig(kind="dapo", clip_low=0.1).clip == (0.1, 0.28)
    assert LossConfig(kind="gspo", clip_high=0.1).clip == (3e-4, 0.1)


@pytest.mark.parametrize(
    ("kind", "advantage"),
    [
        ("grpo", "standardized"),
        ("dr_grpo", "centred"),
        ("dapo", "standardized"),
        ("gspo", "standardized"),
        ("cispo", "standardized"),
        ("rloo", "leave_one_out"),
    ],
)
def test_each_loss_has_its_advantages(kind: LossKind, advantage: str) -> None:
    assert LossConfig(kind=kind).advantage == advantage


def test_what_makes_every_row_count() -> None:
    assert not LossConfig(importance_cap=2.0).every_row
    assert LossConfig(kl_coef=0.1).every_row and LossConfig(entropy_coef=0.1).every_row


@pytest.mark.parametrize(("threads", "expected"), [(3, 3), (0, None)])
def test_threads(threads: int, expected: Any) -> None:
    assert cpu_threads(RunConfig(threads=threads)) == (expected or cpu_threads(RunConfig()))
