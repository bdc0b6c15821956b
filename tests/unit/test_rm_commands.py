"""`verirl rm collect | train | eval` from the command line, with the tiny model and a task that judges by a coin."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from cli_helpers import all_files, call, read_lines

from verirl.reward_model.folder import load_reward_model, member_folders
from verirl.reward_model.members import read_samples
from verirl.reward_model.preferences import read_pairs, write_pairs
from verirl.types import Status

COIN = Path(__file__).parents[1] / "coin_task.py"
CONFIG = """
seed = 3
steps = 1
runs_dir = "{runs}"
threads = 1
[task]
name = "{coin}:Coin"
[model]
name = "{model}"
[rollout]
problems_per_step = 2
group_size = 4
max_tokens = 6
[sampler]
kind = "hf"
[reward]
workers = 1
[eval]
problems = 2
samples = 1
[preferences]
pairs = 60
split = "train"
pairs_per_problem = 6
samples = 5
[reward_model]
epochs = 1
learning_rate = 1e-3
pairs_per_step = 16
stop_share = 0.2
report_share = 0.2
"""


def write(folder: Path, model: Path, *replaced: tuple[str, str]) -> Path:
    text = CONFIG.format(runs=folder / "runs", coin=COIN, model=model)
    for before, after in replaced:
        assert before in text
        text = text.replace(before, after)
    path = folder / "c.toml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def collected(sharp_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with c.toml, and runs/c-preferences."""
    from verirl.cli import main

    folder = tmp_path_factory.mktemp("collected")
    assert main(["rm", "collect", str(write(folder, sharp_model)), "--json"]) == 0
    return folder


def test_what_collect_leaves(collected: Path) -> None:
    run = collected / "runs" / "c-preferences"
    assert {path.name for path in run.iterdir()} == {
        "config.toml",
        "env.json",
        "pairs.jsonl",
        "samples.jsonl",
        "summary.json",
    }
    summary = json.loads((run / "summary.json").read_text())
    pairs, samples = read_pairs(run / "pairs.jsonl"), read_samples(run / "samples.jsonl")
    assert len(pairs) == summary["pairs"] == 60 and summary["asked"] == 60 + summary["ties"]
    assert summary["flipped"] == 0 and summary["unverified"] == 0
    # Ties cost comparisons, so more problems were asked than 60 / 6, and none more than six times.
    assert 10 < summary["problems"] <= 20 and len(samples) == summary["samples"] == 5 * summary["problems"]
    assert max(Counter(pair.problem_id for pair in pairs).values()) <= 6
    assert summary["pass_rate"] == sum(sample.correct for sample in samples) / len(samples)
    assert summary["pass_rate_interval"][0] < summary["pass_rate"] < summary["pass_rate_interval"][1]
    verdicts = {(sample.problem_id, sample.text): sample.status for sample in samples}
    for pair in pairs:
        assert verdicts[pair.problem_id, pair.chosen] == Status.CORRECT
        assert verdicts[pair.problem_id, pair.rejected] == Status.INCORRECT
    by_text = {(sample.problem_id, sample.text): sample for sample in samples}
    assert all(by_text[pair.problem_id, pair.chosen].prompt == pair.prompt for pair in pairs)


def test_train_eval_and_a_run_on_the_learned_reward(collected: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config, runs = collected / "c.toml", collected / "runs"
    words = ["--reward_model.members", "2", "--reward_model.average"]
    done = call(capfd, "rm", "train", config, "--json", *words)
    assert done.code == 0, done.err
    *steps, summary = done.json
    assert summary["event"] == "summary" and {line["event"] for line in steps} == {"step"}
    assert [line["member"] for line in steps] == sorted(line["member"] for line in steps)
    run = runs / "c-reward-model"
    logged = read_lines(run / "metrics.jsonl")
    assert logged == [{key: value for key, value in line.items() if key != "event"} for line in steps]
    used = json.loads((run / "problems.json").read_text())
    assert not set(used["train"]) & set(used["stop"]) and not set(used["train"] + used["stop"]) & set(used["report"])
    pairs = read_pairs(runs / "c-preferences" / "pairs.jsonl")
    reported = [pair for pair in pairs if pair.problem_id in used["report"]]
    assert summary["n_pairs"] == len(reported) > 0 and summary["n_samples"] > 0 and summary["pairs"] == 60
    assert len(summary["members"]) == 2 and summary["average"]["members"] == 2
    for side in (summary, *summary["members"], summary["average"]):
        assert 0 <= side["accuracy"] <= 1 and side["loss"] > 0 and -1 <= side["length_correlation"] <= 1
    assert [path.name for path in member_folders(run)] == ["average"]
    first = load_reward_model(run / "members" / "0")
    assert float(first.mean) != 0 and float(first.std) != 1
    assert all((run / name).is_file() for name in ("summary.json", "config.toml", "env.json"))

    # Of all pairs, those of the report are left: the same numbers as in the summary.
    evaluated = call(capfd, "rm", "eval", run, runs / "c-preferences", "--json")
    (found,) = evaluated.json
    assert found["left_out"] == len(pairs) - len(reported) and found["n_pairs"] == len(reported)
    assert found["accuracy"] == summary["average"]["accuracy"] and found["gap"] == summary["average"]["gap"]
    member = call(capfd, "rm", "eval", run / "members" / "1", runs / "c-preferences", "--json").json[0]
    assert member["loss"] == pytest.approx(summary["members"][1]["loss"])
    shown = call(capfd, "rm", "eval", run, runs / "c-preferences").out
    assert "told right" in shown and f"{found['left_out']} pairs are of problems that were learned from" in shown
    write_pairs(collected / "seen.jsonl", [pair for pair in pairs if pair.problem_id in used["train"]])
    assert "take pairs of others" in call(capfd, "rm", "eval", run, collected / "seen.jsonl").refused()

    assert "is done already" in call(capfd, "rm", "train", config).refused()
    reward = ["--reward.kind", "learned", "--reward.models", run, run / "members" / "0"]
    trained = call(capfd, "train", config, "--json", *reward)
    assert trained.code == 0, trained.err
    rollouts = read_lines(runs / "c" / "rollouts" / "step-000001.jsonl")
    assert {line["status"] for line in rollouts} == {"scored"} and len({line["reward"] for line in rollouts}) > 2
    evaluation = read_lines(runs / "c" / "eval" / "step-000001.jsonl")
    assert {line["status"] for line in evaluation} <= {"correct", "incorrect"}  # the verifier's, whatever the reward is


def test_resume_keeps_the_members_that_are_done(
    collected: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted in the second member, and gone on with: the same weights as without the interruption."""
    from verirl.reward_model import members

    words = ["rm", "train", collected / "c.toml", "--reward_model.members", "2"]
    whole = call(capfd, *words, "--name", "whole")
    assert whole.code == 0, whole.err
    real, calls = members.train_reward_model, []

    def interrupted(*args: object) -> object:
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(members, "train_reward_model", interrupted)
    stopped = call(capfd, *words, "--name", "parts")
    assert stopped.code == 130 and "--resume keeps the reward models that are done" in stopped.err
    assert "--resume" in call(capfd, *words, "--name", "parts").refused()
    resumed = call(capfd, *words, "--name", "parts", "--resume")
    assert resumed.code == 0 and len(calls) == 3
    runs = collected / "runs"
    assert all_files(runs / "parts" / "members" / "1") == all_files(runs / "whole" / "members" / "1")
    logs = [read_lines(runs / name / "metrics.jsonl") for name in ("parts", "whole")]
    assert logs[0] == logs[1]


def test_the_vibe_rater_has_no_ties(sharp_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config = write(tmp_path, sharp_model, ("pairs = 60", "pairs = 9"))
    done = call(capfd, "rm", "collect", config, "--json", "--preferences.rater.kind", "vibe", "--name", "n")
    summary = done.json[-1]
    assert summary["run"].endswith("runs/n") and summary["ties"] == 0
    assert summary["pairs"] == summary["asked"] == 9 and summary["problems"] == 2


def test_peoples_pairs(sharp_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lines = [{"prompt": f"{n}?", "chosen": f"yes {n}", "rejected": "no" * (n + 1)} for n in range(12)]
    (tmp_path / "people.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    config = write(tmp_path, sharp_model)
    people = ["--preferences.rater.kind", "jsonl"]
    assert "preferences.data" in call(capfd, "rm", "collect", config, *people).refused()
    people += ["--preferences.data", tmp_path / "people.jsonl"]
    assert call(capfd, "rm", "collect", config, "--json", *people).json[-1]["pairs"] == 12
    assert read_samples(tmp_path / "runs" / "c-preferences" / "samples.jsonl") == []
    done = call(capfd, "rm", "train", config, "--json")
    summary = done.json[-1]
    assert done.code == 0 and summary["n_samples"] == 0 and "gap" not in summary and summary["n_pairs"] > 0
    shown = call(capfd, "rm", "eval", tmp_path / "runs" / "c-reward-model", tmp_path / "people.jsonl")
    assert shown.code == 0 and "–" in shown.out  # no samples, so no gap


def test_refusals(sharp_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config = write(tmp_path, sharp_model, ('split = "train"', 'split = "validation"'))
    same = call(capfd, "rm", "collect", config, "--eval.split", "validation").refused()
    assert "preferences.split and eval.split are both 'validation'" in same
    assert "pairs.jsonl: no such file" in call(capfd, "rm", "train", config).refused()
    (tmp_path / "p.jsonl").write_text('{"prompt": "a", "chosen": "b", "rejected": "b", "chosen_tokens": []}\n')
    assert "p.jsonl, line 1" in call(capfd, "rm", "train", config, "--pairs", tmp_path / "p.jsonl").refused()
    missing = call(capfd, "rm", "eval", tmp_path / "none", tmp_path / "p.jsonl").refused()
    assert "no such folder; expected a folder with reward_model.json" in missing
    assert "there is no reward_model.json in it" in call(capfd, "rm", "eval", sharp_model, tmp_path).refused()
    assert not (tmp_path / "runs").exists()


def test_an_average_needs_members_and_a_rater_preferences(
    collected: Path, sharp_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    alone = call(capfd, "rm", "train", collected / "c.toml", "--name", "one", "--reward_model.average")
    assert "reward_model.members = 2 or more" in alone.refused()
    # A coin that always falls on one side: nothing is ever preferred.
    task = tmp_path / "same.py"
    task.write_text(COIN.read_text().replace("crc32(response.encode()) % 2 == 0", "False"))
    config = write(tmp_path, sharp_model, (str(COIN), str(task)), ('split = "train"', 'split = "validation"'))
    assert "there is not one pair" in call(capfd, "rm", "collect", config).refused()


def test_train_pairs_come_with_a_word(sharp_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    config = write(tmp_path, sharp_model, ("pairs = 60", "pairs = 2"))
    done = call(capfd, "rm", "collect", config)
    assert done.code == 0 and "train the policy on other problems than these" in done.err
    assert "pass_rate" in done.out
