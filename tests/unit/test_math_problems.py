from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verirl.errors import DataError
from verirl.types import SPLITS, Problem, Split, Status
from verirl_tasks.math import MathConfig, MathTask
from verirl_tasks.math.datasets import last_boxed

TOOLS: Any = None
LEVELS = [1, 2, 3, 4, 5, 6, 7]


def task(**config: Any) -> MathTask:
    return MathTask(MathConfig.model_validate(config))


def all_of(found: MathTask) -> dict[Split, list[Problem]]:
    return {split: list(found.problems(split)) for split in SPLITS}


def twin(question: str) -> tuple[str, ...]:
    """The operands of a sum or product in any order, else the question as it is."""
    found = re.fullmatch(r"What is (\S+) ([+*]) (\S+)\?", question)
    return (*sorted((found[1], found[3])), found[2]) if found else (question,)


def assert_disjoint(problems: dict[Split, list[Problem]]) -> None:
    seen: dict[tuple[str, ...], Split] = {}
    for split, items in problems.items():
        for item in items:
            assert item.split == split
            assert seen.setdefault(twin(item.data["question"]), split) == split
    ids = [item.id for items in problems.values() for item in items]
    questions = [item.data["question"] for items in problems.values() for item in items]
    assert len(set(ids)) == len(ids) and len(set(questions)) == len(questions)


@pytest.mark.parametrize("level", LEVELS)
def test_levels(level: int) -> None:
    config = {"levels": [level], "extraction": "number", "train_size": 500}
    found = task(**config)
    problems = all_of(found)
    assert_disjoint(problems)
    assert all(problems.values())
    assert problems == all_of(task(**config))
    for item in [item for items in problems.values() for item in items]:
        assert f"level-{level}" in item.tags and item.id.startswith(f"gen-{level}-")
        assert found.verify(item, found.reference(item) or "", TOOLS).status is Status.CORRECT
        assert str(json.loads(json.dumps(item.data))["answer"]) == item.data["answer"]
        if level != 6:  # to repeat the question is never an answer
            assert found.verify(item, item.data["question"], TOOLS).status is not Status.CORRECT
            assert found.verify(item, item.data["question"][8:-1], TOOLS).status is not Status.CORRECT


def test_answers_are_right() -> None:
    """Checked by a calculator that shares nothing with the generator: Python's own parser over whole numbers."""
    import ast
    import operator

    operators = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}

    def value(node: ast.expr) -> Any:
        if isinstance(node, ast.BinOp):
            return operators[type(node.op)](value(node.left), value(node.right))
        assert isinstance(node, ast.Constant)
        return node.value

    for item in task(levels=[1, 2, 3, 4, 5, 7]).problems("train"):
        expression = ast.parse(item.data["question"][len("What is ") : -1], mode="eval").body
        answer = item.data["answer"]
        over, _, under = answer.partition("/")
        assert abs(value(expression) - float(over) / float(under or 1)) < 1e-9, item


def test_levels_mixed_share_nothing_and_take_turns() -> None:
    problems = all_of(task(levels=LEVELS, train_size=700, validation_size=70, test_size=140))
    assert_disjoint(problems)
    assert {split: len(items) for split, items in problems.items()} == {"train": 700, "validation": 70, "test": 140}
    assert [item.tags[0] for item in problems["test"][:7]] == [f"level-{level}" for level in LEVELS]


def test_level_two_has_enough_for_everything() -> None:
    def sizes(**config: Any) -> dict[Split, int]:
        return {split: len(items) for split, items in all_of(task(levels=[2], **config)).items()}

    assert sizes() == {"train": 360, "validation": 80, "test": 360}
    assert sizes(negative=False) == {"train": 274, "validation": 61, "test": 274}  # the demo evaluates 256


@settings(max_examples=25, deadline=None)
@given(
    levels=st.lists(st.sampled_from(LEVELS), min_size=1, max_size=3, unique=True),
    sizes=st.tuples(*[st.integers(0, 300)] * 3),
    seed=st.integers(0, 5),
    high=st.sampled_from([None, 3, 12]),
)
def test_any_config_gives_disjoint_splits(
    levels: list[int], sizes: tuple[int, int, int], seed: int, high: int | None
) -> None:
    config = dict(zip(("train_size", "validation_size", "test_size"), sizes, strict=True))
    problems = all_of(task(levels=levels, seed=seed, min_number=1, max_number=high, **config))
    assert_disjoint(problems)
    for split, size in zip(SPLITS, sizes, strict=True):
        assert len(problems[split]) <= size


def test_numbers_and_operations_can_be_chosen() -> None:
    for item in task(levels=[3], min_number=5, max_number=7, operations=["-"]).problems("train"):
        assert re.fullmatch(r"What is [5-7] - [5-7]\?", item.data["question"])
    negative = task(levels=[1], min_number=-3, max_number=-1, operations=["-"], extraction="number")
    assert "What is -3 - (-2)?" in {i.data["question"] for split in SPLITS for i in negative.problems(split)}
    assert not task(levels=[1], operations=["/"]).problems("train")


def test_seed_and_order() -> None:
    def ids(**config: Any) -> list[str]:
        return [item.id for item in task(levels=[2], validation_size=9, test_size=99, **config).problems("test")]

    assert ids(seed=1, train_size=99) == ids(seed=1, train_size=99) != ids(seed=2, train_size=99)
    assert ids(train_size=99) != sorted(ids(train_size=99))
    assert ids(train_size=99) == ids(train_size=500)  # a small level's test split does not move


def test_prompts() -> None:
    def prompt(**config: Any) -> Any:
        return task(levels=[2], **config).problems("test")[0].prompt

    (message,) = prompt(extraction="number")
    assert message["role"] == "user"
    assert re.fullmatch(r"What is \d+ [+-] \d+\? Answer with only the number\.", message["content"])
    assert prompt()[0]["content"].endswith("? Put the final answer in \\boxed{}.")
    assert prompt(instruction="Be brief.")[0]["content"].endswith("? Be brief.")
    assert prompt(instruction="")[0]["content"].endswith("?")


def write(path: Path, lines: Iterable[Any]) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), "utf-8")
    return path


def test_jsonl_is_split_by_hash_or_by_the_author(tmp_path: Path) -> None:
    rows = [{"question": f"Question {n}?", "answer": n} for n in range(500)]
    problems = all_of(task(data=str(write(tmp_path / "own.jsonl", rows))))
    assert_disjoint(problems)
    assert sum(map(len, problems.values())) == 500 and 350 < len(problems["train"]) < 450
    assert 25 < len(problems["validation"]) < 80 and 25 < len(problems["test"]) < 80
    fewer = all_of(task(data=str(write(tmp_path / "own.jsonl", rows[::-1][:100]))))
    for split in SPLITS:  # a line's split depends on the line alone
        assert {item.id for item in fewer[split]} <= {item.id for item in problems[split]}
    rows = [{"question": f"Q{n}", "answer": "1", "split": split} for n, split in enumerate(SPLITS)]
    assert [len(items) for items in all_of(task(data=str(write(tmp_path / "b.jsonl", rows)))).values()] == [1, 1, 1]


def test_jsonl_with_separators_blank_lines_and_repeats(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [])
    line = json.dumps({"question": "a\u2028b", "answer": "1", "split": "test"}, ensure_ascii=False)
    path.write_text(f"{line}\r\n\n{line}\n", "utf-8")
    (item,) = task(data=str(path)).problems("test")
    assert item.data == {"question": "a\u2028b", "answer": "1"}


GOOD = {"question": "Q", "answer": "1", "split": "train"}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([GOOD, "{bad"], "a.jsonl, line 2: not valid JSON"),
        ([GOOD, "", "[1]"], "a.jsonl, line 3: not a JSON object"),
        ([{"question": "Q"}], "a.jsonl, line 1: `answer` is missing"),
        ([{"answer": "1"}], "a.jsonl, line 1: `question` is missing"),
        ([{"question": "Q", "answer": ["1"]}], "a.jsonl, line 1: `answer`"),
        ([GOOD, {"question": "R", "answer": "1", "split": "dev"}], "a.jsonl, line 2: split 'dev'"),
        ([GOOD, {**GOOD, "split": "test"}], "a.jsonl, line 2: the question of .*a.jsonl, line 1 again"),
        ([GOOD, {**GOOD, "answer": "2"}], "a.jsonl, line 2: the question of"),
        (["[" * 100_000], "a.jsonl, line 1: not valid JSON"),
        ([], "a.jsonl: it has no lines"),
    ],
)
def test_bad_lines_name_file_and_line(tmp_path: Path, lines: list[Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        task(data=str(write(tmp_path / "a.jsonl", lines))).problems("train")


def test_missing_and_binary_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        task(data=str(tmp_path / "absent.jsonl")).problems("train")
    (tmp_path / "b.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="UTF-8"):
        task(data=str(tmp_path / "b.jsonl")).problems("train")
    with pytest.raises(DataError, match="cannot be read"):
        task(data=str(tmp_path)).problems("train")


def gsm8k_like(folder: Path, count: int = 600) -> Path:
    folder.mkdir()
    for split, size in (("train", count), ("test", 20)):
        rows = [{"question": f"{split} {n}?", "answer": f"Add <<1+1={n}>>up.\n#### {n + 1000:,}"} for n in range(size)]
        write(folder / f"{split}.jsonl", [*rows, {"question": "in both?", "answer": "#### 1"}])
    return folder


def test_gsm8k_from_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = task(data="gsm8k", path=str(gsm8k_like(tmp_path / "gsm8k")))
    problems = all_of(found)
    assert_disjoint(problems)  # a training question that is in test leaves training
    assert {split: len(items) for split, items in problems.items()} == {"train": 100, "validation": 500, "test": 21}
    item = problems["test"][0]
    assert item.data["answer"] == "1000"
    assert found.reference(item) == "Add up.\nThe final answer is \\boxed{1000}"
    monkeypatch.setenv("VERIRL_DATA", str(tmp_path))
    assert all_of(task(data="gsm8k")) == problems


def test_gsm8k_without_its_mark(tmp_path: Path) -> None:
    folder = gsm8k_like(tmp_path / "gsm8k")
    write(folder / "test.jsonl", [{"question": "Q", "answer": "12"}])
    with pytest.raises(DataError, match=r"test\.jsonl, line 1: the answer has no `####"):
        task(data="gsm8k", path=str(folder)).problems("test")


def test_an_unreachable_hub_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    class Offline:
        @staticmethod
        def load_dataset(*_: Any, **__: Any) -> Any:
            raise ConnectionError("no route")

    monkeypatch.delenv("VERIRL_DATA", raising=False)
    monkeypatch.setitem(sys.modules, "datasets", Offline)
    with pytest.raises(DataError, match=r"openai/gsm8k could not be had .*no route.*VERIRL_DATA"):
        task(data="gsm8k").problems("test")


def math_rows(split: str, count: int) -> list[dict[str, str]]:
    return [
        {
            "problem": f"{split} {n}?",
            "level": "Level 5",
            "type": "Counting & Probability",
            "solution": f"Not \\boxed{{0}} but $\\boxed{{\\frac{{{n}}}{{7}}}}$.",
        }
        for n in range(count)
    ]


def math_like(folder: Path) -> Path:
    folder.mkdir()
    both = {**math_rows("both", 1)[0], "problem": "In  both?"}
    write(folder / "train.jsonl", [*math_rows("train", 600), both, *math_rows("train", 3)])
    write(folder / "test.jsonl", [*math_rows("test", 20), {**both, "problem": "in both?"}])
    return folder


def test_math_from_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = task(data="math", path=str(math_like(tmp_path / "math")))
    problems = all_of(found)
    assert_disjoint(problems)  # twice in training, or in both: kept once
    assert {split: len(items) for split, items in problems.items()} == {"train": 100, "validation": 500, "test": 21}
    item = problems["test"][3]
    assert (item.id, item.data["answer"]) == ("math-test-3", r"\frac{3}{7}")
    assert item.tags == ("subject-counting-&-probability", "level-5")
    assert (found.reference(item) or "").endswith("\nThe final answer is \\boxed{\\frac{3}{7}}")
    monkeypatch.setenv("VERIRL_DATA", str(tmp_path))
    assert all_of(task(data="math")) == all_of(task(data="EleutherAI/hendrycks_math")) == problems


def test_math_without_its_box(tmp_path: Path) -> None:
    folder = math_like(tmp_path / "math")
    for solution in ("It is 4.", r"It is \boxed{4.", r"It is \boxed{}."):
        write(folder / "train.jsonl", [{**math_rows("train", 1)[0], "solution": solution}])
        with pytest.raises(DataError, match=r"train\.jsonl, line 1: the solution has no \\boxed"):
            task(data="math", path=str(folder)).problems("test")


def test_math_from_the_hub_reads_all_its_configs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hub:
        @staticmethod
        def load_dataset(name: str, subset: str, *, split: str) -> list[dict[str, str]]:
            assert name == "EleutherAI/hendrycks_math"
            return [{**row, "problem": f"{subset} {row['problem']}"} for row in math_rows(split, 2)]

    monkeypatch.delenv("VERIRL_DATA", raising=False)
    monkeypatch.setitem(sys.modules, "datasets", Hub)
    questions = {item.data["question"] for item in task(data="math").problems("test")}
    assert len(questions) == 14 and {"algebra test 0?", "precalculus test 1?"} < questions


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        (r"\boxed{1}, then \boxed{\{1, 2\}}.", r"\{1, 2\}"),
        (r"$\boxed{\text{a}\dfrac{1}{2}}$ \boxedx", r"\text{a}\dfrac{1}{2}"),
        (r"\fbox{ 5 }", "5"),
        (r"$\boxed 12$.", "12"),
        (r"$\boxed{\boxed{4}}$", "4"),
        (r"\boxed{\\}", r"\\"),
        ("nothing", None),
        (r"\boxed{1", None),
        (r"\boxed", None),
    ],
)
def test_the_last_box_of_a_solution(solution: str, answer: str | None) -> None:
    assert last_boxed(solution) == answer


needs_data = pytest.mark.skipif("VERIRL_DATA" not in os.environ, reason="VERIRL_DATA names no folder of data sets")


@needs_data
@pytest.mark.parametrize(("data", "count"), [("gsm8k", 8792), ("math500", 500)])
def test_every_gold_answer_accepts_itself(data: str, count: int) -> None:
    found = task(data=data)
    problems = all_of(found)
    assert sum(map(len, problems.values())) == count
    if data == "gsm8k":
        assert_disjoint(problems)
    for item in [item for items in problems.values() for item in items]:
        assert found.verify(item, found.reference(item) or "", TOOLS).status is Status.CORRECT, item
        assert found.verify(item, r"\boxed{-987654321}", TOOLS).status is Status.INCORRECT, item


@needs_data
def test_the_last_box_is_the_answer_that_math500_names() -> None:
    for item in task(data="math500").problems("test"):
        assert "".join((last_boxed(item.data["solution"]) or "").split()) == "".join(item.data["answer"].split())


@needs_data
def test_a_hub_id_names_the_same_data_set() -> None:
    assert task(data="HuggingFaceH4/MATH-500").problems("test") == task(data="math500").problems("test")


def test_importing_the_task_is_light() -> None:
    program = (
        "import sys, verirl_tasks.math as m\n"
        "from verirl.types import Problem\n"
        "m.MathTask(m.MathConfig()).verify(Problem(id='p', prompt=[], data={'answer': '4'}, split='test'), "
        "r'\\boxed{4}', None)\n"
        "print([n for n in ('torch', 'vllm', 'sympy', 'mpmath', 'transformers', 'datasets') if n in sys.modules])\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("levels", [[1], [2], [3], [5], [1, 3]])
def test_answers_below_zero_can_be_left_out(levels: list[int]) -> None:
    found = all_of(task(levels=levels, negative=False))
    assert_disjoint(found)
    assert all(found.values())
    assert not any(item.data["answer"].startswith("-") for items in found.values() for item in items)
    assert any(item.data["answer"].startswith("-") for item in task(levels=levels).problems("train"))
