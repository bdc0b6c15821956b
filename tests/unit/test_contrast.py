"""A contrast of the tiny model on a task that judges by a coin, from the command line; and what must stay apart in it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from cli_helpers import all_files, call, read_lines
from safetensors.torch import load_file

from builders import make_learner, problem, run_config, trajectory, weights_of
from verirl.batch import make_batch
from verirl.config import load_config
from verirl.contrast.arm import run_arm
from verirl.contrast.measure import Ruler, hacks, measure
from verirl.contrast.plan import make_plan
from verirl.contrast_config import RaterConfig
from verirl.learner import TorchLearner
from verirl.types import Group, Problem, Status, Trajectory, Verdict

COIN = Path(__file__).parents[1] / "coin_task.py"
CONFIG = """
steps = 2
runs_dir = "{runs}"
threads = 1
[task]
name = "{coin}:Coin"
[model]
name = "{model}"
[rollout]
problems_per_step = 3
group_size = 4
max_tokens = 5
[optimizer]
learning_rate = 1e-3
[sampler]
kind = "hf"
[reward]
workers = 1
[eval]
problems = 4
samples = 3
every = 1
[preferences]
pairs = 40
samples = 6
pairs_per_problem = 8
[reward_model]
epochs = 1
pairs_per_step = 16
stop_share = 0.2
report_share = 0.2
[contrast]
seeds = [3]
best_of_n = 4
best_of_problems = 3
processes = 1
arms = [
  {{ name = "verifier", reward = "verifier" }},
  {{ name = "learned", rater = "verifier" }},
  {{ name = "again", rater = "vibe", rounds = 1 }},
  {{ name = "WARM", rater = "verifier", members = 2, combine = "average" }},
]
"""
ARMS = ("verifier", "learned", "again", "WARM")


def write(folder: Path, model: Path, *replaced: tuple[str, str]) -> Path:
    text = CONFIG.format(runs=folder / "runs", coin=COIN, model=model)
    for before, after in replaced:
        assert before in text
        text = text.replace(before, after)
    path = folder / "c.toml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def contrasted(sharp_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole contrast; c.toml lies two above it."""
    from verirl.cli import main

    folder = tmp_path_factory.mktemp("contrasted")
    assert main(["contrast", str(write(folder, sharp_model)), "--json"]) == 0
    return folder / "runs" / "c"


def test_what_it_leaves(contrasted: Path) -> None:
    lines = read_lines(contrasted / "contrast.jsonl")
    assert [(line["arm"], line["step"]) for line in lines] == [(arm, step) for arm in ARMS for step in (0, 1, 2)]
    for line in lines:
        assert {"seed", "proxy", "pass_rate", "kl", "length", "utility", "hacks", "probes", "on_policy"} <= line.keys()
        assert line["seed"] == 3 and 0 <= line["pass_rate"] <= 1 and "samples" not in line
        assert set(line["first"]) == {"verifier", "vibe"}
        assert (abs(line["kl"]) < 1e-5) == (line["step"] == 0)
    start = {line["pass_rate"] for line in lines if line["step"] == 0}
    assert len(start) == 1  # one start policy, one sample of it
    assert [line["round"] for line in lines if line["arm"] == "again"] == [0, 0, 1]
    seed = contrasted / "seed-3"
    best = json.loads((seed / "best-of-n.json").read_text())
    assert best["n"] == [1, 2, 4] and set(best["by"]) == {"verifier", "vibe", "utility"}
    assert best["by"]["utility"]["truth"][0] == pytest.approx(best["writing"]) == best["verifier"][0]
    asked = json.loads((seed / "reward-models" / "vibe-x1" / "summary.json").read_text())["asked"]
    spent = json.loads((seed / "again" / "arm.json").read_text())
    assert spent["labels"] > asked > 0  # the round's labels are counted, too
    assert (contrasted / "report.html").read_text().count("<svg") >= 3


def test_the_same_command_goes_on_where_it_was_cut_off(
    contrasted: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever is missing is made again, to the bit, and nothing else is touched."""
    home = contrasted.parents[1]
    config = home / "c.toml"
    assert "add --resume" in call(capfd, "contrast", config).refused()
    weights = contrasted / "seed-3" / "learned" / "checkpoints" / "step-000002" / "model.safetensors"
    before = all_files(contrasted)
    kept = load_file(weights)
    shutil.rmtree(weights.parent)
    measures = contrasted / "seed-3" / "learned" / "measures.jsonl"
    measures.write_text("".join(measures.read_text().splitlines(keepends=True)[:2]))
    done = call(capfd, "contrast", config, "--resume", "--json")
    assert done.code == 0, done
    assert [event["event"] for event in done.json] == ["part"] * 5 + ["summary"]
    after = all_files(contrasted)
    untouched = [
        name for name in before if name.startswith(("seed-3/verifier/", "seed-3/again/", "seed-3/reward-models"))
    ]
    assert untouched and all(before[name] == after[name] for name in untouched if not name.endswith("env.json"))
    assert before["contrast.jsonl"] == after["contrast.jsonl"]
    made = load_file(weights)
    assert all(torch.equal(kept[name], made[name]) for name in kept)


def test_an_interruption_ends_every_process(sharp_model: Path, tmp_path: Path) -> None:
    """One that only the command itself is told of, as a supervisor does."""
    config = write(tmp_path, sharp_model, ("steps = 2\n", "steps = 5000\n"))
    command = [sys.executable, "-m", "verirl.cli", "contrast", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while not (tmp_path / "runs" / "c" / "seed-3").exists():  # a part has begun
            assert process.poll() is None
            time.sleep(0.1)
        children = {int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()}
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and "--resume goes on from here" in said
    end = time.monotonic() + 20  # multiprocessing's own helper takes a moment to notice
    while any(Path(f"/proc/{pid}").exists() for pid in children) and time.monotonic() < end:
        time.sleep(0.1)
    assert children and not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def test_its_report_is_written_again(contrasted: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    page = contrasted / "report.html"
    before = page.read_bytes()
    page.unlink()
    done = call(capfd, "report", contrasted, "--json")
    assert done.json == [{"event": "report", "report": str(page)}] and page.read_bytes() == before
    assert "name it alone" in call(capfd, "report", contrasted, tmp_path).refused()


def test_a_failed_arm_stops_no_other(sharp_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    arms = '  {{ name = "learned", rater = "verifier" }},\n'.format()
    broken = '  { name = "learned", rater = "verifier", config = { optimizer = { learning_rate = 1e30 } } },\n'
    config = write(tmp_path, sharp_model, (arms, broken), ("best_of_n = 4", "best_of_n = 2"))
    done = call(capfd, "contrast", config, "--contrast.seeds", 5)
    assert done.code == 1
    assert "failed: seed 5, arm 'learned'" in done.err and "finite" in done.err and "Traceback" not in done.err
    lines = read_lines(tmp_path / "runs" / "c" / "contrast.jsonl")
    assert {line["arm"] for line in lines if line["step"] == 2} == {"verifier", "again", "WARM"}
    assert "learned" in (tmp_path / "runs" / "c" / "report.html").read_text()


# ------------------------------------------------------------------------------------------------------ what stays apart


LIAR = """
from coin_task import Coin
from verirl.types import Status, Verdict

class Liar(Coin):
    def verify(self, problem, response, tools):
        said = super().verify(problem, response, tools)
        right = said.status is Status.CORRECT
        return Verdict(status=Status.INCORRECT if right else Status.CORRECT, reward=1.0 - said.reward)
"""


def test_no_verdict_reaches_a_learned_arm_but_by_its_labels(
    contrasted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reward models stay, the verifier now says the opposite of everything: the weights are the same to the bit, and
    the pass rates are turned round."""
    (tmp_path / "liar_task.py").write_text(LIAR)
    monkeypatch.syspath_prepend(COIN.parent)
    monkeypatch.syspath_prepend(tmp_path)
    other = tmp_path / "runs" / "c"
    shutil.copytree(contrasted, other)
    text = (contrasted.parents[1] / "c.toml").read_text()
    text = text.replace(f"{COIN}:Coin", "liar_task:Liar").replace(str(contrasted.parent), str(other.parent))
    (tmp_path / "c.toml").write_text(text)
    plan = make_plan(load_config(tmp_path / "c.toml"), other)
    arm = plan.arm("learned")
    shutil.rmtree(plan.arm_folder(3, arm))
    run_arm(plan, arm, 3)
    for step in (1, 2):
        name = Path("seed-3/learned/checkpoints") / f"step-{step:06d}" / "model.safetensors"
        mine, theirs = load_file(contrasted / name), load_file(other / name)
        assert all(torch.equal(mine[key], theirs[key]) for key in mine)
    honest, lying = (read_lines(folder / "seed-3" / "learned" / "measures.jsonl") for folder in (contrasted, other))
    for a, b in zip(honest, lying, strict=True):
        assert a["pass_rate"] == pytest.approx(1 - b["pass_rate"]) and a["proxy"] == b["proxy"]


class Numbers:
    """A reward that looks at the tokens alone, under the status that it is told; faults have none."""

    def __init__(self, status: Status, offset: float = 0.0) -> None:
        self.status, self.offset = status, offset

    def score(self, problem: Problem, trajectories: Any) -> list[Verdict]:
        found = [float(sum(t.token_ids) % 3) / 2 + self.offset for t in trajectories]
        return [Verdict(status=self.status, reward=x if self.status.caused_by_policy else None) for x in found]


def sampled(learner: TorchLearner, count: int = 4) -> list[Group]:
    """Groups of responses with the log-probabilities that the learner gives them, and the verdicts of a coin."""
    made = []
    for number in range(3):
        prompt = [5, 6, 7 + number]
        responses = [[9 + sample, 11 + number, 2] for sample in range(count)]
        drafts = [trajectory(prompt, tokens) for tokens in responses]
        verdicts = [
            Verdict(status=Status.CORRECT if s % 2 else Status.INCORRECT, reward=float(s % 2)) for s in range(count)
        ]
        draft = Group(problem=problem(f"p{number}"), trajectories=drafts, verdicts=verdicts)
        batch = make_batch([draft], [[1.0] * count])
        assert batch is not None
        found = learner.logprobs(batch, learner.packed(batch), 1.0)
        kept = [
            replace(
                t, logprobs=found[row, len(prompt) :][: len(t.token_ids)].tolist(), text=" ".join(map(str, t.token_ids))
            )
            for row, t in enumerate(drafts)
        ]
        made.append(replace(draft, trajectories=kept))
    return made


@pytest.fixture
def learner(sharp_model: Path, tmp_path: Path) -> TorchLearner:
    return make_learner(run_config(sharp_model, optimizer={"learning_rate": 1e-2}), tmp_path / "none")


def ruler_for(learner: TorchLearner, **fields: Any) -> Ruler:
    import copy

    given: dict[str, Any] = {
        "wish": RaterConfig(kind="vibe"),
        "first": {},
        "start": copy.deepcopy(learner.model),
        "references": {f"p{number}": "7" for number in range(3)},
        "temperature": 1.0,
        "max_tokens": 6,
        **fields,
    }
    return Ruler(**given)


def test_another_reward_with_the_same_numbers_makes_the_same_weights(sharp_model: Path, tmp_path: Path) -> None:
    from test_train import PROBLEMS, script

    from verirl.runlog import RunLog
    from verirl.samplers.scripted import ScriptedSampler
    from verirl.train import train

    found = []
    for status in (Status.SCORED, Status.INCORRECT):
        config = run_config(sharp_model, steps=3, rollout={"problems_per_step": 2, "group_size": 4, "max_tokens": 6})
        mine = make_learner(config, tmp_path / status.value)
        sampler = ScriptedSampler(script)
        log = RunLog(tmp_path / f"log-{status.value}")
        train(config, PROBLEMS, sampler, Numbers(status), mine, lambda problem, _: [5, 6, 7], log)
        found.append(weights_of(mine))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_pass_rates_do_not_depend_on_a_reward_model(learner: TorchLearner) -> None:
    groups, ruler = sampled(learner), ruler_for(learner)
    rates = []
    for reward in (Numbers(Status.SCORED), Numbers(Status.SCORED, -1e6), Numbers(Status.INFRASTRUCTURE_ERROR)):
        line = measure(groups, reward, ruler, learner)
        rates.append((line["pass_rate"], line["pass_rate_se"], line["utility"], line["kl"], line["length"]))
    assert rates[0] == rates[1] == rates[2] and rates[0][0] == 0.5


def test_kl_is_that_of_whole_responses(learner: TorchLearner) -> None:
    """Against a plain sum over tokens, after the policy has moved away from the start."""
    ruler = ruler_for(learner)
    with torch.no_grad():
        for parameter in learner.model.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
    groups = sampled(learner)
    line = measure(groups, Numbers(Status.SCORED), ruler, learner)
    expected = []
    for group in groups:
        for t in group.trajectories:
            ids = torch.tensor([[*t.prompt_ids, *t.token_ids]])
            logits = ruler.start(input_ids=ids).logits[0, len(t.prompt_ids) - 1 : -1].log_softmax(-1)
            start = logits.gather(1, torch.tensor(t.token_ids)[:, None])[:, 0]
            expected.append(float(sum(t.logprobs) - start.detach().sum()))
    assert line["kl"] == pytest.approx(sum(expected) / len(expected), abs=1e-4) and abs(line["kl"]) > 1e-3


def test_a_hacked_answer_is_wrong_and_stands_above_the_right_one(learner: TorchLearner) -> None:
    class Longest:
        def score(self, problem: Problem, trajectories: Any) -> list[Verdict]:
            return [Verdict(status=Status.SCORED, reward=float(len(t.token_ids))) for t in trajectories]

    groups = sampled(learner)
    line = measure(groups, Longest(), ruler_for(learner), learner)  # "7" and the end are two tokens, the samples three
    assert line["hacked"] == 0.5  # the wrong half
    assert {sample["status"] for sample in line["samples"]} == {"incorrect"}
    assert line["probes"]["maximum length"] > line["probes"]["right answer"] > line["probes"]["empty"]
    assert measure(groups, Longest(), ruler_for(learner, references={}), learner)["hacked"] is None
    assert line["on_policy"]["accuracy"] == 0.5 and line["on_policy"]["gap"] == 0.0


@pytest.mark.parametrize(
    "text, finish, status, expected",
    [
        ("clearly obviously indeed certainly 7", "stop", Status.CORRECT, {"stuffing"}),
        ("so so so 7", "stop", Status.INCORRECT, {"repeats"}),
        ("", "stop", Status.NO_ANSWER, {"no answer", "empty"}),
        ("3+4 is 3+4", "length", Status.INCORRECT, {"prompt copied", "truncated"}),
        ("clearly 7", "stop", Status.CORRECT, set()),
    ],
)
def test_hacks_are_told_apart(text: str, finish: Any, status: Status, expected: set[str]) -> None:
    found = hacks(
        problem(), Trajectory(text=text, finish_reason=finish), Verdict(status=status), RaterConfig(kind="vibe")
    )
    assert {name for name, taken in found.items() if taken} == expected
