"""Every verb of the command line on a tiny model: what it prints, what it writes, how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli_helpers import all_files, call, read_lines, write_config

from verirl import __version__

Capture = pytest.CaptureFixture[str]

LETTERS = '''
from __future__ import annotations
from pydantic import BaseModel
from verirl.types import Problem, Status, Verdict

class Letters:
    """Any response that holds the letter."""

    class Config(BaseModel):
        letter: str = "e"

    def __init__(self, config):
        self.letter = config.letter

    def problems(self, split):
        names = [f"{split}-{number}" for number in range(4)]
        return [Problem(id=name, prompt=[{"role": "user", "content": name}], data={}, split=split) for name in names]

    def verify(self, problem, response, tools):
        right = self.letter in response
        return Verdict(status=Status.CORRECT if right else Status.INCORRECT, reward=float(right), reason="[/b] is text")
'''


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, tiny_model: Path
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A run that was trained in a process of its own, as a user's machine would read it."""
    folder = tmp_path_factory.mktemp("trained")
    config = write_config(folder, tiny_model)
    command = [sys.executable, "-m", "verirl.cli", "train", str(config), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    return folder, done


# -- train -----------------------------------------------------------------------------------------------------------


def test_train_in_a_pipe(trained: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = trained
    assert done.returncode == 0 and done.stderr == ""
    lines = [json.loads(line, parse_constant=lambda name: pytest.fail(name)) for line in done.stdout.splitlines()]
    assert [line["event"] for line in lines] == ["step", "step", "summary"]
    assert lines[0]["step"] == 1 and "pass_rate" in lines[0] and "tokens_per_second" in lines[0]
    summary = lines[-1]
    assert summary["run"] == str(folder / "runs/c") and {"before", "after", "difference"} <= summary.keys()


def test_train_leaves_a_whole_run_folder(trained: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    run = trained[0] / "runs/c"
    files = set(all_files(run))
    assert {
        "config.toml", "env.json", "metrics.jsonl", "summary.json", "report.html", "eval/step-000000.jsonl",
        "eval/step-000002.jsonl", "rollouts/step-000001.jsonl", "rollouts/step-000002.jsonl",
        "checkpoints/step-000002/model.safetensors", "checkpoints/step-000002/trainer.json",
    } <= files  # fmt: skip
    assert not [name for name in files if name.endswith(".tmp")]
    assert len(read_lines(run / "eval/step-000002.jsonl")) == 4 * 2
    assert "reason" in read_lines(run / "rollouts/step-000001.jsonl")[0]


def test_train_for_people(tmp_path: Path, tiny_model: Path, capfd: Capture) -> None:
    done = call(capfd, "train", write_config(tmp_path, tiny_model), "--name", "other", "--steps", 1)
    assert done.code == 0 and "Pass rate on held-out problems" in done.out
    assert done.err == f"report: {tmp_path}/runs/other/report.html\n"
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_finished_run_resumed_is_done_at_once(trained: tuple[Path, object], capfd: Capture) -> None:
    run = trained[0] / "runs/c"
    before = all_files(run)
    done = call(capfd, "train", trained[0] / "c.toml", "--resume", "--json")
    assert done.code == 0 and [line["event"] for line in done.json] == ["summary"]
    after = all_files(run)
    same = [name for name in before if name.split("/")[0] in ("metrics.jsonl", "eval", "rollouts", "checkpoints")]
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


def test_resume_with_more_steps(tmp_path: Path, tiny_model: Path, capfd: Capture) -> None:
    config = write_config(tmp_path, tiny_model)
    assert call(capfd, "train", config, "--steps", 1, "--json").code == 0
    done = call(capfd, "train", config, "--resume", "--json")
    assert done.code == 0 and [line.get("step") for line in done.json] == [2, None]
    run = tmp_path / "runs/c"
    assert [line["step"] for line in read_lines(run / "metrics.jsonl")] == [1, 2]
    assert (run / "eval/step-000002.jsonl").is_file() and "steps = 2" in (run / "config.toml").read_text()
    assert (
        "has done 2 steps already, but `steps` is 1" in call(capfd, "train", config, "--resume", "--steps", 1).refused()
    )


def test_resume_with_another_config_is_refused(trained: tuple[Path, object], capfd: Capture) -> None:
    before = all_files(trained[0] / "runs/c")
    refusal = call(capfd, "train", trained[0] / "c.toml", "--resume", "--rollout.group_size", 3).refused()
    assert "`rollout.group_size` was 2 and is now 3" in refusal
    assert all_files(trained[0] / "runs/c") == before


def test_a_task_in_a_file(tmp_path: Path, tiny_model: Path, capfd: Capture) -> None:
    """Its own worker processes find it too, and what it says of a response is no markup."""
    (tmp_path / "letters.py").write_text(LETTERS)
    name = f"{tmp_path}/letters.py:Letters"
    config = write_config(tmp_path, tiny_model)
    math = config.read_text().split("[task]\n")[1].split("[model]")[0]
    config.write_text(config.read_text().replace(math, f'name = "{name}"\nconfig = {{ letter = "a" }}\n'))
    done = call(capfd, "train", config, "--steps", 1, "--json")
    assert done.code == 0, done.err
    statuses = {line["status"] for line in read_lines(tmp_path / "runs/c/rollouts/step-000001.jsonl")}
    assert statuses <= {"correct", "incorrect"}
    responses = write_responses(tmp_path, [{"id": "x", "problem": {}, "response": "see"}])
    assert [line["status"] for line in call(capfd, "score", name, responses).json] == ["correct"]
    assert [line["status"] for line in call(capfd, "score", name, responses, "--config.letter", "z").json] == [
        "incorrect"
    ]
    shown = call(capfd, "task", "show", name)
    assert shown.code == 0 and "Any response that holds the letter." in shown.out and "train-0" in shown.out


# -- sft -------------------------------------------------------------------------------------------------------------


def test_sft_on_references_and_on_chats(tmp_path: Path, tiny_model: Path, capfd: Capture) -> None:
    config = write_config(tmp_path, tiny_model)
    done = call(capfd, "sft", config, "--name", "refs", "--json")
    assert done.code == 0, done.err
    assert [line["event"] for line in done.json] == ["step", "step", "summary"]
    assert done.json[-1]["examples"] == 40 and Path(done.json[-1]["checkpoint"], "model.safetensors").is_file()
    chats = tmp_path / "chats.jsonl"
    chat = {"messages": [{"role": "user", "content": "a\u2028b?"}, {"role": "assistant", "content": "c"}]}
    chats.write_text((json.dumps(chat, ensure_ascii=False) + "\n\n") * 3, encoding="utf-8")
    shown = call(capfd, "sft", config, "--name", "chats", "--sft.data", chats)
    assert shown.code == 0 and "last_loss" in shown.out and max(map(len, shown.out.splitlines())) <= 80


# -- eval ------------------------------------------------------------------------------------------------------------


def test_eval_of_a_config(tmp_path: Path, tiny_model: Path, capfd: Capture) -> None:
    config = write_config(tmp_path, tiny_model)
    done = call(capfd, "eval", config, "-k", "1", "2", "--json")
    assert done.code == 0, done.err
    (result,) = done.json
    assert result["event"] == "eval" and result["n"] == 4 and set(result["pass_at_k"]) == {"1", "2"}
    assert len(read_lines(tmp_path / "runs/c-eval/eval/step-000000.jsonl")) == 4 * 3
    assert (tmp_path / "runs/c-eval/config.toml").is_file()
    table = call(capfd, "eval", config, "-k", "1", "2").out
    assert "greedy pass rate" in table and "pass@2" in table and max(map(len, table.splitlines())) <= 80
    other = call(capfd, "eval", config, "--eval.temperature", "0.5").refused()
    assert "temperature was 1.0, now 0.5" in other and "--name" in other


def test_eval_of_a_run(trained: tuple[Path, object], capfd: Capture) -> None:
    """The run's own evaluation is its beginning: more samples are added to it, and it stays good for the run."""
    run = trained[0] / "runs/c"
    held = read_lines(run / "eval/step-000002.jsonl")
    done = call(capfd, "eval", run, "-k", "2", "--json")
    assert done.code == 0 and done.json[0]["step"] == 2 and set(done.json[0]["pass_at_k"]) == {"2"}
    now = read_lines(run / "eval/step-000002.jsonl")
    assert len(now) == 4 * 3 and all(line in now for line in held)
    assert call(capfd, "eval", run, "--json").json[0]["samples"] == 2
    assert call(capfd, "train", trained[0] / "c.toml", "--resume", "--json").code == 0
    assert read_lines(run / "eval/step-000002.jsonl") == now


def test_eval_compared(trained: tuple[Path, object], tiny_model: Path, tmp_path: Path, capfd: Capture) -> None:
    run = trained[0] / "runs/c"
    done = call(capfd, "eval", trained[0] / "c.toml", "--model", tiny_model, "--compare", run, "--json")
    assert done.code == 0, done.err
    assert {"value", "low", "high", "p", "n"} <= done.json[0]["difference"].keys()
    first = run / "eval/step-000000.jsonl"
    table = call(capfd, "eval", run, "--compare", first).out
    assert "paired" in table and "points" in table
    other = tmp_path / "other.jsonl"
    other.write_text(first.read_text().replace("gen-", "new-"))
    done = call(capfd, "eval", run, "--compare", other)
    assert done.code == 2 and "greedy pass rate" in done.out and f"--compare {other}: " in done.err
    other.write_text('{"x": 1}\n')
    assert f"{other}, line 1: not a line of an evaluation" in call(capfd, "eval", run, "--compare", other).refused()


# -- score -----------------------------------------------------------------------------------------------------------


def write_responses(folder: Path, entries: list[dict[str, object]]) -> Path:
    path = folder / "responses.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return path


def test_score_keeps_the_order(tmp_path: Path, capfd: Capture) -> None:
    entries = [
        {"id": f"r{i}", "problem": {"answer": str(i)}, "response": f"\\boxed{{{i if i % 3 else -1}}}"}
        for i in range(40)
    ]
    path = write_responses(tmp_path, entries)
    done = call(capfd, "score", "math", path, "--workers", 2)
    assert done.code == 0 and done.err == ""
    assert [line["id"] for line in done.json] == [f"r{i}" for i in range(40)]
    assert [line["status"] for line in done.json] == ["correct" if i % 3 else "incorrect" for i in range(40)]
    assert list(done.json[0]) == ["id", "status", "reward", "answer", "reason", "parts", "seconds"]


def test_score_into_a_file(tmp_path: Path, capfd: Capture) -> None:
    path = write_responses(tmp_path, [{"id": 7, "problem": {"answer": "2"}, "response": "It is 2"}])
    out = tmp_path / "verdicts.jsonl"
    done = call(capfd, "score", "math", path, "-o", out)
    assert done.code == 0 and "no_answer" in done.out and "100.0%" in done.out
    (verdict,) = read_lines(out)
    assert verdict["id"] == 7 and verdict["status"] == "no_answer"
    done = call(capfd, "score", "math", path, "-o", out, "--config.extraction", "number", "--json")
    parts = {"tier/string": {"n": 1, "mean": 1.0}}
    expected = {"event": "score", "responses": 1, "statuses": {"correct": 1}, "parts": parts, "output": str(out)}
    assert done.json == [expected]
    assert read_lines(out)[0]["status"] == "correct"


def test_score_of_strange_but_readable_input(tmp_path: Path, capfd: Capture) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(
        b'\n{"id": "\\ud800", "problem": {"answer": "2"}, "response": "\\ud83d \\boxed{2} \\u0000"}\n  \n'
        b'{"id": 2, "problem": {}, "response": "", "extra": [1]}\r\n'
        b'{"id": "u", "problem": {"answer": "2"}, "response": "\xe2\x80\xa8\\\\boxed{2}"}'
    )
    done = call(capfd, "score", "math", path)
    assert done.code == 0 and [line["id"] for line in done.json] == ["\ud800", 2, "u"]
    assert [line["status"] for line in done.json] == ["no_answer", "invalid_problem", "correct"]


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_score_of_nothing(tmp_path: Path, capfd: Capture, content: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(content)
    done = call(capfd, "score", "math", path)
    assert (done.code, done.out, done.err) == (0, "", "")
    out = tmp_path / "v.jsonl"
    assert call(capfd, "score", "math", path, "-o", out).code == 0 and out.read_text() == ""


# -- task, report, help ----------------------------------------------------------------------------------------------


def test_task_list(capfd: Capture) -> None:
    listed = call(capfd, "task", "list")
    assert listed.code == 0 and "verirl_tasks.math:MathTask" in listed.out
    (rows,) = call(capfd, "task", "list", "--json").json
    assert {"name": "math", "plugin": "verirl_tasks.math:MathTask", "package": f"verirl {__version__}"} in rows["tasks"]


def test_task_show(tmp_path: Path, capfd: Capture) -> None:
    shown = call(capfd, "task", "show", "math")
    assert shown.code == 0 and "extraction" in shown.out and max(map(len, shown.out.splitlines())) <= 80
    words = ("--config.levels", "2", "--config.test_size", "20", "--json")
    (told,) = call(capfd, "task", "show", "math", *words).json
    assert told["splits"]["test"]["problems"] == 20 and told["example"]["id"].startswith("gen-2-")
    assert {"key": "levels", "value": [2]}.items() <= next(f for f in told["config"] if f["key"] == "levels").items()
    missing = call(capfd, "task", "show", "math", "--config.data", tmp_path / "none.jsonl")
    assert missing.code == 0 and "no such file" in " ".join(missing.out.split())


def test_report(trained: tuple[Path, object], capfd: Capture) -> None:
    run = trained[0] / "runs/c"
    (run / "report.html").unlink()
    assert call(capfd, "report", run).out == f"{run}/report.html\n"
    assert (run / "report.html").is_file()
    assert call(capfd, "report", run, run, "--json").json == [{"event": "report", "report": f"{run}/report.html"}]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["--help"], "train"),
        (["--version"], __version__),
        (["train", "--help"], "--resume"),
        (["train", "{config}", "--help"], "--rollout.group-size"),
        (["score", "math", "r.jsonl", "--help"], "--config.extraction"),
        (["task", "show", "math", "--help"], "--config.levels"),
        (["task", "--help"], "list"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_help(tmp_path: Path, capfd: Capture, words: list[str], shown: str) -> None:
    config = write_config(tmp_path, tmp_path)
    done = call(capfd, *(word.format(config=config) for word in words))
    assert done.code == 0 and shown in done.out and done.err == ""


def test_help_says_the_config_of_this_file(tmp_path: Path, capfd: Capture) -> None:
    """The defaults that `CONFIG.toml --help` shows are those that the file gives."""
    config = write_config(tmp_path, tmp_path)
    shown = " ".join(call(capfd, "train", config, "--help").out.split())
    assert "(default: number)" in shown and "(default: 40)" in shown
