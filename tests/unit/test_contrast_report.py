"""The report of a contrast: what is concluded from runs that collapse, hold or are missing, and hostile texts."""

from __future__ import annotations

import io
import json
import math
import random
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from verirl.config import RunConfig
from verirl.contrast.analysis import analyse
from verirl.contrast.course import joined_proxy, over_seeds
from verirl.contrast.figures import figures, scaled
from verirl.contrast.plan import Labels, Plan, make_plan
from verirl.contrast.report import contrast_table, hacked_samples, write_contrast_report

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'--></pre></title></style></svg>"
VOID = {"meta", "br", "img", "hr", "input", "link", "path", "use", "rect", "stop"}
STEPS = 60
EVERY = 10
ARMS: list[dict[str, Any]] = [
    {"name": "Verifier", "reward": "verifier"},
    {"name": "Unbiased", "rater": "verifier"},
    {"name": "Vibe", "rater": "vibe"},
]
ALL: list[dict[str, Any]] = [
    *ARMS,
    {"name": "The wish itself", "reward": "rater", "rater": "vibe"},
    {"name": "Unbiased + KL 0.1", "kl_coef": 0.1},
    {"name": "Least of 3", "members": 3, "combine": "min"},
    {"name": "Average of 3 (WARM)", "members": 3, "combine": "average"},
    {"name": "Retrained twice", "rounds": 2},
    {"name": "Three times the labels", "labels": 3.0},
    {"name": "Length only", "reward": "length"},
    {"name": "A coin", "reward": "random"},
    {"name": "Verifier, 10% of verdicts turned round", "reward": "verifier", "flip_rate": 0.1},
]


def plan_of(folder: Path, arms: list[dict[str, Any]] = ARMS, seeds: tuple[int, ...] = (0, 1, 2)) -> Plan:
    config = RunConfig.model_validate({
        "steps": STEPS, "task": {"name": "math"}, "model": {"name": "tiny"},
        "eval": {"every": EVERY, "split": "test", "problems": 64, "samples": 4},
        "contrast": {"arms": arms, "seeds": seeds, "demonstrations": {"steps": 100}},
    })  # fmt: skip
    return make_plan(config, folder)


def line(arm: str, seed: int, step: int, **values: Any) -> dict[str, Any]:
    return {
        "arm": arm, "seed": seed, "step": step, "proxy": 0.0, "pass_rate": 0.4, "pass_rate_se": 0.02, "greedy": 0.7,
        "utility": 0.5, "kl": step / 10, "length": 9.0, "entropy": 1.0, "truncated": 0.0, "spread": 1.0, "hacked": 0.0,
        "first": {"verifier": 0.1, "vibe": 0.2}, "hacks": {"no answer": 0.01, "repeats": 0.0, "stuffing": 0.0},
        "unscored": 0, "on_policy": {"accuracy": 0.9, "pairs": 300.0, "gap": 1.5, "length_correlation": -0.1},
        "probes": {"right answer": 1.2, "the the the the": -2.0, "empty": -3.0, "keyword stuffing": 2.5},
        "round": 0, **values,
    }  # fmt: skip


def climb(arm: str, seed: int, steps: int = STEPS, to: float = 0.95) -> list[dict[str, Any]]:
    """Truth and proxy rise together."""
    rng = random.Random(f"{arm}{seed}")
    lines = []
    for step in range(0, steps + 1, EVERY):
        rate = 0.4 + (to - 0.4) * (1 - math.exp(-step / 15)) + (rng.gauss(0, 0.008) if step else 0.0)
        lines.append(line(arm, seed, step, pass_rate=rate, proxy=3 * rate, greedy=min(1.0, rate + 0.1), utility=rate))
    return lines


def collapse(arm: str, seed: int, end: float = 0.0) -> list[dict[str, Any]]:
    """The proxy rises all the way; the truth rises for a while, then falls."""
    lines = []
    for step in range(0, STEPS + 1, EVERY):
        fallen = max(0.0, (step - 20 - seed) / (STEPS - 20 - seed))
        rate = (0.4 + 0.015 * min(step, 20)) * (1 - fallen) + end * fallen
        lines.append(line(
            arm, seed, step, pass_rate=rate, proxy=step / 10 - 1 + 0.1 * seed, greedy=rate, utility=rate - fallen,
            kl=step / 4 + seed, hacked=0.9 * fallen, length=9 + 6 * fallen, entropy=1 - 0.9 * fallen,
            hacks={"no answer": 0.01 + 0.5 * fallen, "repeats": fallen, "stuffing": fallen},
            on_policy={"accuracy": None if fallen == 1 else 0.9 - 0.5 * fallen, "pairs": 9.0, "gap": None,
                       "length_correlation": 0.8 * fallen},
        ))  # fmt: skip
    return lines


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def sample(text: str, proxy: float | None = 3.0, status: str = "incorrect") -> dict[str, Any]:
    return {"problem_id": "p", "prompt": "17 + 25 = ?", "text": text, "status": status, "proxy": proxy}


def put(plan: Plan, lines: list[dict[str, Any]], samples: list[dict[str, Any]] | None = None) -> None:
    """One run: its own lines, and the same at the end of contrast.jsonl."""
    arm, seed = plan.arm(lines[0]["arm"]), lines[0]["seed"]
    write_lines(plan.arm_folder(seed, arm) / "measures.jsonl", [row | {"samples": samples or []} for row in lines])
    if arm.reward == "learned":
        cost = {"labels": 3000 * (arm.rounds + 1), "reward_model_seconds": 21.5 + seed}
        (plan.arm_folder(seed, arm) / "arm.json").write_text(json.dumps(cost))
    with (plan.folder / "contrast.jsonl").open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in lines)


def put_shared(plan: Plan) -> None:
    for seed in plan.config.contrast.seeds:
        ns = [1, 2, 4, 8, 16]
        rising = [0.4 + 0.1 * i - 0.01 * seed for i in range(len(ns))]
        by = {name: {"truth": [0.9 * r for r in rising], "proxy": rising} for name in ("verifier", "vibe", "utility")}
        best = {"n": ns, "problems": 64, "samples": 16, "writing": rising[0], "verifier": rising, "by": by}
        plan.seed_folder(seed).mkdir(parents=True, exist_ok=True)
        (plan.seed_folder(seed) / "best-of-n.json").write_text(json.dumps(best))
        for labels in plan.reward_models:
            folder = plan.reward_model_folder(seed, labels)
            folder.mkdir(parents=True, exist_ok=True)
            numbers = {
                "pairs": 3000, "asked": 3300, "ties": 300, "seconds": 20.0, "accuracy": 0.93, "interval": [0.9, 0.95],
                "ece": 0.03, "gap": 1.4, "auc": 0.95, "length_correlation": -0.2,
            }  # fmt: skip
            (folder / "summary.json").write_text(json.dumps(numbers))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Three arms: one holds, one collapses but for a seed, one collapses in every seed."""
    plan = plan_of(tmp_path_factory.mktemp("runs") / "contrast")
    put_shared(plan)
    for seed in plan.config.contrast.seeds:
        put(plan, climb("Verifier", seed))
        put(plan, climb("Unbiased", seed) if seed == 1 else collapse("Unbiased", seed), [sample(f"clearly {seed}")])
        put(plan, collapse("Vibe", seed), [sample("of course indeed")])
    return plan


@pytest.fixture(scope="module")
def page(full: Plan) -> Page:
    return Page(write_contrast_report(full, ["seed 2, arm 'Vibe': it was cold"]))


class Page(HTMLParser):
    """Checks that tags are balanced; gathers text, headings, ids and attributes."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.headings: list[str] = []
        self.words: list[str] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()
        assert self.open == []
        ids = [value for name, value in self.attributes if name == "id"]
        assert len(ids) == len(set(ids))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("h1", "h2", "h3"):
            self.headings.append(data.strip())
        self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)


def by_name(analysis: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {arm["name"]: arm for arm in analysis["arms"]}


# -- the numbers -------------------------------------------------------------------------------------------------------


def test_what_became_of_every_seed(full: Plan) -> None:
    arms = by_name(analyse(full))
    assert arms["Verifier"]["outcomes"]["above its start"] == 3
    assert arms["Unbiased"]["outcomes"] == {
        "below its start": 2, "back from its peak": 0, "unchanged": 0, "above its start": 1,
    }  # fmt: skip
    assert [arms[name]["diverged"] for name in ("Verifier", "Unbiased", "Vibe")] == [0, 2, 3]
    rates = arms["Vibe"]["summary"]["pass_rate"]
    assert rates["start"] == {"median": 0.4, "low": 0.4, "high": 0.4, "n": 3}
    assert rates["end"]["high"] == 0.0
    assert 0.55 < rates["peak"]["median"] < 0.7
    run = arms["Vibe"]["seeds"][2]
    assert run["sqrt_kl"] == math.sqrt(STEPS / 4 + 2)
    assert run["divergence"]["step"] in (30, 40)
    assert run["divergence"]["sqrt_kl"] == math.sqrt(run["divergence"]["step"] / 4 + 2)
    assert (run["labels"], run["reward_model_seconds"]) == (3000, 23.5)
    assert arms["Verifier"]["summary"]["labels"] is None


def test_best_of_n_stands_beside_the_arm_of_the_same_reward(full: Plan) -> None:
    analysis = analyse(full)
    assert {name: arm["best_of_n"] for name, arm in by_name(analysis).items()} == {
        "Verifier": None, "Unbiased": "verifier", "Vibe": "vibe",
    }  # fmt: skip
    best = analysis["best_of_n"]
    assert best["writing"] == {"median": 0.39, "low": 0.38, "high": 0.4, "n": 3}
    assert best["sqrt_kl"][0] == 0.0 and best["sqrt_kl"][2] == math.sqrt(math.log(4) - 0.75)
    assert [row["median"] for row in best["by"]["vibe"]] == [0.9 * row["median"] for row in best["verifier"]]


def test_the_rules_are_judged(full: Plan) -> None:
    rules = analyse(full)["rules"]
    assert list(rules) == ["Unbiased", "Vibe"]
    never = next(rule for rule in rules["Vibe"] if rule["name"] == "never")
    budget = next(rule for rule in rules["Vibe"] if rule["name"] == "kl_budget 10")
    assert never["step"]["median"] == STEPS
    assert budget["regret"]["median"] < never["regret"]["median"]


def test_the_proxies_of_two_reward_models_are_joined() -> None:
    pieces = [(0, 1.0), (0, 4.0), (1, -7.0), (1, -5.0), (2, None), (2, 30.0), (2, 31.0)]
    assert joined_proxy([{"proxy": value, "round": number} for number, value in pieces]) == [
        1.0, 4.0, 4.0, 6.0, None, 6.0, 7.0,
    ]  # fmt: skip


def test_over_seeds_leaves_out_what_is_not_known() -> None:
    assert over_seeds([None, 3, float("nan"), 1.0]) == {"median": 2.0, "low": 1.0, "high": 3.0, "n": 2}
    assert over_seeds([None]) is None


def test_scaled() -> None:
    assert scaled([2.0, 4.0, 3.0]) == [0.0, 1.0, 0.5]
    assert scaled([2.0, 2.0]) == [0.5, 0.5]
    assert math.isnan(scaled([1.0, None, 2.0])[1]) and math.isnan(scaled([None])[0])


def test_summary_json_is_the_analysis(full: Plan, page: Page) -> None:
    stored = json.loads((full.folder / "summary.json").read_text())
    assert stored["finding"][0].startswith("Under the verifier")
    assert stored["failures"] == ["seed 2, arm 'Vibe': it was cold"]
    assert {key: value for key, value in stored.items() if key not in ("finding", "failures")} == analyse(full)


# -- the finding -------------------------------------------------------------------------------------------------------


def found(plan: Plan) -> str:
    write_contrast_report(plan, [])
    return " ".join(json.loads((plan.folder / "summary.json").read_text())["finding"])


def test_a_collapse_is_told(page: Page) -> None:
    assert "went from 40% over a peak of" in page.text
    assert "two ended below where it had started and one ended above its start" in page.text
    assert "depended on the seed" in page.text
    assert "In 2 of 3 the truth fell while the reward still rose" in page.text
    assert "At least one seed ended below its start under: Unbiased; Vibe." in page.text
    assert "(3,000 comparisons)" in page.text
    assert "▲3" in page.text  # keyword stuffing is above the right answer in every seed


def test_no_collapse_is_told_too(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "none")
    for seed in plan.config.contrast.seeds:
        for arm in plan.arms:
            put(plan, climb(arm.name, seed))
    text = found(plan)
    assert "The expected collapse did not come" in text
    assert "In none did the truth fall while the reward still rose." in text
    assert "No arm ended below its start in any seed." in text


def test_what_a_coin_does_is_told_beside_what_collapsed(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "coin", [*ARMS, {"name": "A coin", "reward": "random"}], seeds=(0, 1))
    for seed in plan.config.contrast.seeds:
        for arm in plan.arms:
            put(plan, climb(arm.name, seed) if arm.reward != "random" or seed else collapse(arm.name, seed))
    assert "The control 'A coin', whose reward says nothing, ended below its start in 1 of 2" in found(plan)


def test_fewer_pairs_than_were_asked_for_are_a_limit(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "few", [*ARMS, {"name": "More", "labels": 3.0}])
    put_shared(plan)  # 3,000 pairs for everyone
    page = Page(write_contrast_report(plan, []))
    assert "'verifier-x3' has 3,000 pairs (median) instead of the 9,000" in page.text
    assert "'verifier-x1' has" not in page.text


def test_nothing_that_changes_is_told(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "flat", seeds=(4,))
    for arm in plan.arms:
        put(plan, climb(arm.name, 4, to=0.41))
    text = found(plan)
    assert "changed little" in text and "in its one seed" in text
    assert "No arm ended above its start in every seed." in text


# -- what is missing ---------------------------------------------------------------------------------------------------


def test_an_arm_that_is_missing_or_going_is_named(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "half", seeds=(0, 1))
    put(plan, climb("Verifier", 0))
    put(plan, climb("Verifier", 1, steps=30))
    put(plan, climb("Unbiased", 0, steps=10))
    with (plan.folder / "contrast.jsonl").open("a") as file:
        file.write('{"arm": "Vibe", "se')
    page = Page(write_contrast_report(plan, []))
    assert "Arm 'Verifier', seed 1: the last evaluation is of step 30, of 60" in page.text
    assert "Arm 'Unbiased' has no evaluation on record of seed 1." in page.text
    assert "Arm 'Vibe' has no evaluation on record." in page.text
    assert "No best-of-n of seed 0, 1." in page.text
    assert "There is no complete run under a plain reward model of unbiased labels" in page.text
    assert by_name(analyse(plan))["Verifier"]["summary"]["pass_rate"]["end"]["n"] == 1


def test_an_empty_folder_gives_a_page(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "nothing")
    plan.folder.mkdir()
    page = Page(write_contrast_report(plan, ["seed 0, what the arms share: no"]))
    assert "There is no complete run under the verifier" in page.text
    assert "What this does not show" in page.headings
    assert "svg" not in page.tags


def test_values_that_are_null(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "null", seeds=(0,))
    nothing = dict.fromkeys(
        ("proxy", "greedy", "utility", "kl", "length", "entropy", "spread", "hacked", "pass_rate_se")
    )
    for arm in plan.arms:
        lines = [row | nothing | {"on_policy": {"accuracy": None}, "probes": {}} for row in collapse(arm.name, 0)]
        put(plan, lines, [sample("?", proxy=None)])
    page = Page(write_contrast_report(plan, []))
    assert "None" not in page.text and "nan" not in page.text.lower().split()
    assert by_name(analyse(plan))["Vibe"]["outcomes"]["below its start"] == 1
    json.loads((plan.folder / "summary.json").read_text(), parse_constant=pytest.fail)  # no NaN in it


def test_a_broken_line_is_named_and_the_rest_shown(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "broken", seeds=(0,))
    for arm in plan.arms:
        put(plan, climb(arm.name, 0))
    file = plan.arm_folder(0, plan.arm("Vibe")) / "measures.jsonl"
    file.write_text("{not json\n" + file.read_text())
    (plan.seed_folder(0) / "best-of-n.json").write_text("[")
    page = Page(write_contrast_report(plan, []))
    assert "line 1: not JSON" in page.text
    assert by_name(analyse(plan))["Vibe"]["complete"] == 1  # from contrast.jsonl


# -- the page ----------------------------------------------------------------------------------------------------------


def test_the_page_has_every_section_in_order(page: Page) -> None:
    expected = [
        "contrast", "What was found", "What was trained", "The curves", "Where the curves part",
        "How far the policy has come", "Start, peak and end of every seed", "All arms in one table",
        "The samples that did it", "How they did it", "What the reward says of nonsense", "The reward models",
        "Would stopping early have helped?", "Writing and judging", "What this does not show",
    ]  # fmt: skip
    assert [heading for heading in page.headings if heading in expected] == expected
    assert "incomplete" not in page.text and "it was cold" in page.text
    assert page.tags.count("svg") == page.tags.count("figcaption") == 3


def test_every_seed_is_drawn(full: Plan) -> None:
    """Two lines a seed (truth, proxy) in each panel, and one cross where they part."""
    svg = figures(analyse(full))["parting"].svg
    dashed = len(re.findall(r'<path [^>]*style="[^"]*stroke-dasharray[^"]*stroke: #d55e00', svg, re.IGNORECASE))
    solid = len(re.findall(r'<path [^>]*style="[^"]*stroke: #0072b2', svg, re.IGNORECASE))
    assert dashed == solid == 3 * 3 + 1  # and one in the legend


def test_charts_are_text_with_alternatives(page: Page) -> None:
    labels = [value for name, value in page.attributes if name == "aria-label"]
    assert len(labels) == 3 and all(len(label) > 40 for label in labels)
    assert "Vibe: pass rate of 40% (40% to 40%) at the start" in labels[0]
    assert "text" in page.tags  # words stay words


def test_samples_come_from_different_seeds_and_once(full: Plan) -> None:
    shown = hacked_samples(full, analyse(full))
    assert list(shown) == ["Unbiased", "Vibe"]
    assert [(row["seed"], row["text"]) for row in shown["Unbiased"]] == [(i, f"clearly {i}") for i in range(3)]
    assert [row["above"] for row in shown["Unbiased"]] == [True, False, True]
    assert [row["text"] for row in shown["Vibe"]] == ["of course indeed"]


def test_right_answers_are_not_shown_as_hacks(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "right", seeds=(0,))
    put(plan, climb("Unbiased", 0), [sample("42", 9.0, "correct"), sample("41", 8.0)])
    assert [row["text"] for row in hacked_samples(plan, analyse(plan))["Unbiased"]] == ["41"]


def test_the_page_needs_nothing_from_outside(page: Page) -> None:
    assert "//" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", page.source)
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert "default-src 'none'" in page.source


def test_the_same_runs_give_the_same_page(full: Plan, page: Page) -> None:
    again = write_contrast_report(full, ["seed 2, arm 'Vibe': it was cold"]).read_text(encoding="utf-8")
    assert again == page.source


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    arms = [ARMS[0], {"name": f"a {EVIL} $x$", "rater": "verifier"}, {"name": "_b", "rater": "vibe"}]
    plan = plan_of(tmp_path / "<u>x & $y$_", arms, seeds=(0,))
    put_shared(plan)
    evil = sample(EVIL + "\x00\x1b[2J\ud83d\u202e") | {"prompt": EVIL, "status": EVIL}
    for arm in plan.arms:
        lines = [row | {"hacks": {EVIL: 0.5}, "probes": {EVIL: 1.0}} for row in collapse(arm.name, 0)]
        put(plan, lines, [evil, sample("z" * 50_000)])
    page = Page(write_contrast_report(plan, [EVIL]))
    assert not {"script", "img", "u"} & set(page.tags)
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert page.text.count("<script>alert(1)</script>") > 8
    assert "\x00" not in page.source and "\x1b" not in page.source and "\u202e" not in page.source
    assert "z" * 2000 not in page.source


def test_twelve_arms_and_ten_seeds(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "many", ALL, seeds=tuple(range(10)))
    for seed in plan.config.contrast.seeds:
        for arm in plan.arms:
            lines = collapse(arm.name, seed) if arm.reward == "learned" else climb(arm.name, seed)
            stretch = STEPS // (arm.rounds + 1)
            put(plan, [row | {"round": max(0, row["step"] - 1) // stretch} for row in lines])
    assert Labels(rater="verifier", times=3.0) in plan.reward_models
    page = Page(write_contrast_report(plan, []))
    assert page.tags.count("svg") == 4
    assert "reward model trained again" in page.text
    for arm in plan.arms:
        assert arm.name in page.text
    assert "trained again 2 times on the policy's own samples" in page.text
    assert "3 of them, one model of their averaged weights" in page.text


# -- the terminal ------------------------------------------------------------------------------------------------------


def rendered(plan: Plan) -> str:
    console = Console(file=io.StringIO(), width=80, markup=False)
    console.print(contrast_table(analyse(plan)))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_table_of_the_terminal(full: Plan) -> None:
    text = rendered(full)
    for words in ("Verifier", "40%", "0–9", "3,000", "sqrt(KL)", "2/3", "3/3", "parted"):
        assert max(map(len, text.splitlines())) <= 80
        assert words in text


def test_the_table_of_nothing(tmp_path: Path) -> None:
    assert rendered(plan_of(tmp_path / "nothing")).count("–") >= 3 * 8


def test_importing_the_report_imports_no_matplotlib() -> None:
    code = "import sys, verirl.contrast.report; sys.exit(any(n.split('.')[0] in ('matplotlib', 'torch') for n in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
