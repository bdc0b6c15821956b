"""report.html: complete runs, partial ones, several at once, and hostile texts."""

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

from verirl.errors import RunError
from verirl.report import write_report
from verirl.tables import summary_table

VOID = {"meta", "br", "img", "hr", "input", "link", "path", "use", "rect", "stop"}
STATUSES = ("correct", "incorrect", "no_answer", "unparseable", "timeout")
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'--></pre></title></style></svg>"


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def make_run(path: Path, steps: int = 20, seed: int = 0, problems: int = 96) -> Path:
    """A run like the demo's: addition, 27% to 64%, four samples a problem, an evaluation every 10 steps."""
    rng = random.Random(seed)
    path.mkdir(parents=True)
    (path / "config.toml").write_text(
        f'seed = {seed}\nsteps = {steps}\n[task]\nname = "math"\n[task.config]\nkinds = ["add", "mul"]\n'
        '[model]\nname = "smollm2-135m-instruct"\n[reward]\nkind = "verifier"\n'
    )
    env = {"versions": {"verirl": "0.1.0", "torch": "2.13.0"}, "commit": "0123abc", "machine": {"cores": 2}}
    (path / "env.json").write_text(json.dumps(env))
    metrics = []
    for step in range(1, steps + 1):
        rate = 0.25 + 0.4 * (1 - math.exp(-step / 8)) + rng.gauss(0, 0.03)
        right = round(128 * rate)
        metrics.append({
            "step": step, "reward_mean": rate, "reward_std": 0.45, "pass_rate": rate,
            "length_mean": 14 - step / 4 + rng.random(), "length_max": 16.0, "truncated_rate": 0.6 * math.exp(-step / 6),
            "groups_trained": 12, "groups_skipped": 4, "loss": rng.gauss(0, 0.01), "grad_norm": 1 + rng.random(),
            "learning_rate": 5e-6, "clip_fraction": 0.01, "entropy": 1.0, "drift_mean": 5e-6 * (1 + rng.random()),
            "drift_max": 4e-5 * (1 + rng.random()), "tokens_per_second": 300.0, "status/correct": right,
            "status/incorrect": 100 - right, "status/no_answer": 20, "status/unparseable": 8,
            "seconds/sample": 9.0 + rng.random(), "seconds/verify": 0.3, "seconds/learn": 14 + rng.random(),
            "seconds/load": 0.5, "seconds/step": 26.5,
        })  # fmt: skip
    write_lines(path / "metrics.jsonl", metrics)
    rollouts = [
        {"step": steps, "problem_id": f"train-{i // 4}", "sample": i % 4, "text": f"{i} + 4 = {i + 4}", "tokens": 9,
         "status": STATUSES[i % 2], "reward": float(i % 2 == 0), "advantage": 0.5, "answer": str(i + 4),
         "reason": "equal to the gold answer" if i % 2 == 0 else "not equal to 11", "finish_reason": "stop"}
        for i in range(32)
    ]  # fmt: skip
    write_lines(path / f"rollouts/step-{steps:06d}.jsonl", rollouts)
    for step in range(0, steps + 1, 10):
        write_lines(path / f"eval/step-{step:06d}.jsonl", make_eval(rng, step, problems))
    side = {"greedy": 0.27, "greedy_interval": [0.2, 0.35], "sampled": 0.2, "sampled_interval": [0.15, 0.25], "n": 96}
    summary = {
        "before": side, "after": side | {"greedy": 0.64, "greedy_interval": [0.57, 0.7]},
        "difference": {"value": 0.37, "low": 0.28, "high": 0.45, "p": 1e-9}, "seconds": 540.0, "peak_rss_gib": 6.1,
    }  # fmt: skip
    (path / "summary.json").write_text(json.dumps(summary))
    return path


def make_eval(rng: random.Random, step: int, problems: int) -> list[dict[str, Any]]:
    rows = []
    for i in range(problems):
        for mode, samples in (("greedy", 1), ("sampled", 4)):
            for j in range(samples):
                status = "correct" if rng.random() < 0.25 + 0.018 * step else rng.choice(STATUSES[1:])
                rows.append({
                    "problem_id": f"test-{i}", "tags": [("add", "mul")[i % 2], "digits-2"], "mode": mode, "sample": j,
                    "text": f"Let me think. {i} + 4 makes {i + 4}.\nThe answer is {i + 4}.", "status": status,
                    "score": float(status == "correct"), "tokens": rng.randint(4, 48), "answer": str(i + rng.randint(0, 2)),
                    "finish_reason": "length" if rng.random() < 0.3 - 0.014 * step else "stop",
                })  # fmt: skip
    return rows


def make_small_run(path: Path) -> Path:
    """Few problems and two charts, since drawing takes most of a report's time."""
    run = make_run(path, steps=10, problems=8)
    write_lines(run / "metrics.jsonl", [{"step": i, "loss": 3 / i, "grad_norm": float("nan")} for i in range(1, 11)])
    return run


class Page(HTMLParser):
    """Checks that tags are balanced; gathers text, headings and attributes."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.headings: list[str] = []
        self.words: list[str] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()
        assert self.open == []
        assert len(self.ids) == len(set(self.ids))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
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


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page(write_report(make_run(tmp_path_factory.mktemp("runs") / "demo")))


def test_a_complete_run_has_every_section_in_order(page: Page) -> None:
    expected = [
        "demo", "Result on held-out problems", "Course of the run", "Pass rate", "Training reward", "Response length",
        "Truncated responses", "Drift between sampler and learner", "Time per step", "Verdicts", "Loss",
        "Gradient norm", "Evaluation in detail", "Held-out problems that changed", "Training samples", "Best", "Worst",
        "Settings",
    ]  # fmt: skip
    assert [heading for heading in page.headings if heading in expected] == expected
    assert "incomplete" not in page.text
    assert page.tags.count("svg") == page.tags.count("figcaption") == 11


def test_the_numbers_are_there(page: Page) -> None:
    for words in (
        "smollm2-135m-instruct",
        "math",
        "verifier",
        "9 min",
        "6.1 GiB",
        "before (step 0)",
        "after (step 20)",
    ):
        assert words in page.text
    for label in ("greedy, not truncated", "pass@k", "maj@k", "digits-2", "no_answer", "tokens, median", "0123abc"):
        assert label in page.text
    assert re.search(r"[+-]\d+\.\d [+-]\d+\.\d to [+-]\d+\.\d", page.text)
    assert "nan" not in page.text.lower().split()
    assert "None" not in page.text


def test_charts_are_text_with_alternatives(page: Page) -> None:
    labels = [value for name, value in page.attributes if name == "aria-label"]
    assert len(labels) == 11
    assert all(len(label) > 40 for label in labels)
    assert "text" in page.tags  # svg.fonttype none: words stay words
    assert "held-out greedy" in page.text
    assert "1e-05" in page.text and "mathdefault" not in page.text  # the drift's logarithmic axis


def test_the_page_needs_nothing_from_outside(page: Page) -> None:
    outside = [(name, value) for name, value in page.attributes if "//" in value and not name.startswith("xmlns")]
    assert outside == []
    assert "//" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", page.source)
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert "default-src 'none'" in page.source


def test_the_same_run_gives_the_same_report(tmp_path: Path) -> None:
    run = make_small_run(tmp_path / "demo")
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    run = make_small_run(tmp_path / "<u>x & $y$_")
    for file in [*run.glob("rollouts/*"), *run.glob("eval/*")]:
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        for row in rows:
            row |= {"text": EVIL + "\x00\x1b[2J\ud83d", "answer": EVIL, "reason": EVIL, "tags": [EVIL]}
            row["problem_id"] += EVIL
        write_lines(file, rows)
    (run / "config.toml").write_text(f"steps = 10\n[model]\nname = {json.dumps(EVIL)}\n# {EVIL}\n")
    (run / "env.json").write_text(json.dumps({"machine": EVIL, "date": EVIL}))
    other = make_small_run(tmp_path / '_"><script>alert(3)')
    for folder in (run, other):
        write_lines(folder / "metrics.jsonl", [{"step": i, "pass_rate": i / 9, "status/correct": i} for i in range(9)])
    page = Page(write_report(run, other))
    assert not {"script", "img", "u"} & set(page.tags)
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert page.text.count("<script>alert(1)</script>") > 10
    assert "\x00" not in page.source and "\x1b" not in page.source
    legend = re.findall(r"<text [^>]*>([^<]*training[^<]*)</text>", page.source)
    assert len(legend) == 2  # one a run, whatever they are called


def test_long_texts_are_cut(tmp_path: Path) -> None:
    run = make_small_run(tmp_path / "demo")
    row = {"step": 10, "problem_id": "p", "text": "z" * 100_000, "status": "correct", "reward": 1.0}
    write_lines(run / "rollouts/step-000010.jsonl", [row])
    source = write_report(run).read_text()
    assert "(98500 more characters)" in source
    assert "z" * 1501 not in source


def test_samples_are_by_reward_and_one_per_problem(tmp_path: Path) -> None:
    run = make_small_run(tmp_path / "demo")
    rewards = {"a": (0.9, 0.1), "b": (0.5, 0.4), "c": (0.8, 0.2), "d": (0.0, None), "e": (0.3, 0.3)}
    rows = [
        {"step": 10, "problem_id": i, "text": f"{i}{r}", "status": "partial", "reward": r}
        for i, both in rewards.items()
        for r in both
    ]
    write_lines(run / "rollouts/step-000010.jsonl", rows)
    words = Page(write_report(run)).words
    shown = [word for word in words[words.index("Best") :] if re.fullmatch(r"[a-e](0\.\d|None)", word)]
    assert shown == ["a0.9", "c0.8", "b0.5", "d0.0", "a0.1", "c0.2"]


def test_several_runs_are_laid_over_each_other(tmp_path: Path) -> None:
    runs = [make_small_run(tmp_path / name) for name in ("a/grpo", "a/random", "b/grpo")]
    for run in runs:
        write_lines(run / "metrics.jsonl", [{"step": i, "pass_rate": i / 9, "seconds/load": 1.0} for i in range(1, 4)])
    path = write_report(*runs)
    assert path == runs[0] / "report.html"
    page = Page(path)
    for name in ("a/grpo", "random", "b/grpo"):
        assert re.search(rf"<text [^>]*>{name}: training</text>", page.source)
        assert f"Time per step: {name}" in page.headings
    assert page.headings.count("Pass rate") == 1


# -- partial runs ----------------------------------------------------------------------------------------------------


def test_a_killed_run_says_what_is_missing(tmp_path: Path) -> None:
    run = make_small_run(tmp_path / "demo")
    (run / "summary.json").unlink()
    (run / "eval/step-000010.jsonl").unlink()
    lines = (run / "metrics.jsonl").read_text().splitlines()[:7]
    (run / "metrics.jsonl").write_text("\n".join([*lines, lines[6], '{"step": 8, "lo']))
    (run / "rollouts/step-000011.jsonl").write_text("")
    page = Page(write_report(run))
    assert "summary.json is missing or unreadable" in page.text
    assert "1 unreadable line(s)" in page.text
    assert "Only one evaluation" in page.text
    assert "The last step on record is 7, of 10 planned." in page.text
    assert "Best" in page.headings  # from the last rollouts that are readable
    assert "Held-out problems that changed" not in page.headings


def test_warnings_are_near_the_top(tmp_path: Path) -> None:
    run = make_small_run(tmp_path / "demo")
    assert "Warnings while it ran" not in Page(write_report(run)).text
    lines = [
        {"step": 7, "name": "entropy", "text": f"entropy fell {EVIL}"},
        {"step": 9, "name": "drift", "text": "far"},
    ]
    write_lines(run / "warnings.jsonl", [*lines, {"name": "no text"}])
    page = Page(write_report(run))
    assert "step 7: entropy fell" in page.text and "step 9: far." in page.text
    assert page.text.index("step 9: far.") < page.text.index("Pass rate")
    assert "<script>" not in page.source.split("</head>")[1]


def test_charts_of_what_a_loss_has_besides(tmp_path: Path) -> None:
    run = make_small_run(tmp_path / "demo")
    assert not {"Entropy", "Distance from the first model", "Clipped tokens"} & set(Page(write_report(run)).headings)
    rows = [{"step": i, "entropy": 2 / i, "kl": 0.01 * i, "clip_fraction": 0.02} for i in range(1, 11)]
    write_lines(run / "metrics.jsonl", rows)
    assert {"Entropy", "Distance from the first model", "Clipped tokens"} <= set(Page(write_report(run)).headings)


@pytest.mark.parametrize("gone", ["config.toml", "env.json", "summary.json", "metrics.jsonl", "eval", "rollouts"])
def test_any_part_may_be_missing(tmp_path: Path, gone: str) -> None:
    run = make_small_run(tmp_path / "demo")
    (run / gone).rename(tmp_path / "elsewhere")
    page = Page(write_report(run))
    assert "demo" in page.headings
    assert ("incomplete" in page.text) == (gone != "rollouts")
    if gone == "eval":
        assert "+37.0 +28.0 to +45.0" in page.text  # from summary.json
        assert "Evaluation in detail" not in page.headings


@pytest.mark.parametrize("part", ["config.toml", "metrics.jsonl", "summary.json"])
def test_one_broken_part_is_enough_for_a_report(tmp_path: Path, part: str) -> None:
    run = tmp_path / "demo"
    run.mkdir()
    (run / part).write_bytes(b'{"step": \xff')
    assert "incomplete" in Page(write_report(run)).text


def test_a_warm_start_has_loss_only(tmp_path: Path) -> None:
    headings = Page(write_report(make_small_run(tmp_path / "sft"))).headings
    assert {"Loss", "Pass rate"} <= set(headings)  # the evaluations before and after
    assert not {"Gradient norm", "Training reward", "Time per step", "Verdicts", "Response length"} & set(headings)


def test_evaluations_of_other_problems_are_not_compared(tmp_path: Path) -> None:
    run = make_small_run(tmp_path / "demo")
    file = run / "eval/step-000010.jsonl"
    file.write_text(file.read_text().replace('"test-', '"other-'))
    assert "share no problem with one greedy answer" in Page(write_report(run)).text


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such run folder"):
        write_report(tmp_path / "nowhere")
    with pytest.raises(RunError, match="not a run folder"):
        write_report(tmp_path)


# -- the terminal ----------------------------------------------------------------------------------------------------


def rendered(summary: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(summary_table(summary))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_summary_table(tmp_path: Path) -> None:
    text = rendered(json.loads((make_run(tmp_path / "demo", problems=4) / "summary.json").read_text()))
    for words in ("greedy", "27.0%", "57.0 to 70.0", "+37.0", "+28.0 to +45.0", "< 0.001", "9 min", "6.1 GiB"):
        assert words in text


@pytest.mark.parametrize("summary", [{}, {"before": None, "after": {"greedy": 0.5, "n": 3}, "difference": None}])
def test_summary_table_of_little(summary: dict[str, Any]) -> None:
    assert "–" in rendered(summary)


def test_importing_report_imports_no_matplotlib() -> None:
    code = "import sys, verirl.report; sys.exit(any(n.split('.')[0] in ('matplotlib', 'torch') for n in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
