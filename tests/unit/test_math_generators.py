"""Splits, sizes, tags and form of generated problems. That the answers are right is in test_math_answers.py."""

from __future__ import annotations

import ast
import hashlib
import json
import operator
import random
import re
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from verirl.types import SPLITS, Problem, Split, Status
from verirl_tasks.math import MathConfig, MathTask
from verirl_tasks.math.generate import Generated, Space, generate, split_of
from verirl_tasks.math.generators import ARITHMETIC, SUBJECTS, Subject, arithmetic, latex
from verirl_tasks.math.generators.kind import Drawn, Kind, key

TOOLS: Any = None
LEVELS = (1, 2, 3, 4, 5)
OTHERS = tuple(SUBJECTS)
CELLS = [(subject, level) for subject in OTHERS for level in LEVELS]
KINDS = [(kind, level) for kinds in SUBJECTS.values() for kind in kinds for level in kind.levels]


def task(**config: Any) -> MathTask:
    return MathTask(MathConfig.model_validate(config))


def made(*subjects: Subject, levels: tuple[int, ...], sizes: tuple[int, int, int], **more: Any) -> dict[Split, Any]:
    return generate(Space(levels=levels, sizes=sizes, subjects=subjects, **more))


def digest(**config: Any) -> str:
    found, whole = task(**config), hashlib.sha256()
    for split in SPLITS:
        for item in found.problems(split):
            whole.update(json.dumps([split, item.id, item.prompt[0]["content"], item.data["answer"]]).encode())
    return whole.hexdigest()[:16]


def test_problems_of_runs_that_were_made_stay_the_same() -> None:
    """A run can be repeated and a table compared only as long as these are what they were. Never change a digest."""
    levels = [1, 2, 3, 4, 5, 6, 7]
    assert digest(levels=[2], negative=False, extraction="number") == "db7bb45f6909e020"  # configs/demo.toml
    assert digest(levels=[2], extraction="number") == "fd067449d5d9be3a"  # configs/gpu-check.toml
    assert digest() == "ea71b27de41cf88e"
    assert digest(levels=levels) == "e3f0e4e212a324ac"
    chosen = {"seed": 3, "negative": False, "operations": ["+", "*"], "min_number": 2, "max_number": 30}
    assert digest(levels=levels, **chosen) == "e3bfa98c593e2701"
    assert digest(levels=[3, 5], min_number=-5, max_number=2000, train_size=3000) == "870634e80c2816c2"


@pytest.mark.parametrize(("subject", "level"), [*CELLS, (ARITHMETIC, 8)])
def test_splits_share_no_unit(subject: Subject, level: int) -> None:
    sizes = (400, 60, 70)
    found = made(subject, levels=(level,), sizes=sizes)
    assert tuple(len(found[split]) for split in SPLITS) == sizes
    assert found == made(subject, levels=(level,), sizes=sizes)
    everything = [item for items in found.values() for item in items]
    for field in ("id", "unit"):
        assert len({getattr(item, field) for item in everything}) == len(everything)
    assert all(split_of(item.unit) == split for split, items in found.items() for item in items)
    if subject != ARITHMETIC:
        kinds = {kind.name for kind in SUBJECTS[subject] if level in kind.levels}
        assert {item.tags[1] for item in everything} == kinds
        assert {(item.tags[0], item.tags[2]) for item in everything} == {(subject, f"level-{level}")}


@pytest.mark.parametrize(("kind", "level"), KINDS, ids=[f"{kind.name}-{level}" for kind, level in KINDS])
def test_a_unit_is_one_problem_and_a_question_has_one_unit(kind: Kind, level: int) -> None:
    """Whatever the wording, the names, the order of the equations, the terms or the groups."""
    draw = random.Random(f"units {kind.name} {level}")
    answers: dict[str, object] = {}
    units: dict[str, str] = {}
    for _ in range(400):
        found = kind.make(draw, level)
        answer: object = found.answer
        if kind.name == "system":  # the unknowns may come in another order
            answer = sorted(found.answer.strip("()").split(", "))
        elif kind.name in ("expand", "factor"):  # the polynomial itself, or its coefficients
            answer = sorted(re.findall(r"[a-z]\^?\d*|\d+", found.answer)) if "=" in found.question else None
        if answer is not None:
            assert answers.setdefault(found.unit, answer) == answer, found
        assert units.setdefault(found.question, found.unit) == found.unit, found


@pytest.mark.parametrize(
    "name", ["linear-equation", "quadratic-equation", "system", "expand", "choices", "lattice-paths"]
)
def test_other_words_and_names_are_the_same_unit(name: str) -> None:
    (kind,) = (kind for kinds in SUBJECTS.values() for kind in kinds if kind.name == name)
    draw = random.Random(f"words {name}")
    said: dict[str, set[str]] = {}
    for _ in range(3_000):
        found = kind.make(draw, 1)
        said.setdefault(found.unit, set()).add(found.question)
    assert max(map(len, said.values())) > 1


def test_units_by_example() -> None:
    def units(name: str, level: int, pattern: str) -> list[str]:
        (kind,) = (kind for kinds in SUBJECTS.values() for kind in kinds if kind.name == name)
        draw = random.Random(f"example {name}")
        found = {(item.question, item.unit) for item in (kind.make(draw, level) for _ in range(20_000))}
        questions = [(question, unit) for question, unit in found if re.search(pattern, question)]
        assert len(questions) > 1
        return [*{unit for _, unit in questions}]

    assert units("expand", 1, r"\((\w) - 6\)\(\1 \+ 1\)|\((\w) \+ 1\)\(\2 - 6\)") == ["1,-6:1,1"]
    assert units("common-divisor", 1, r"multiple of (\$8\$ and \$20\$|\$20\$ and \$8\$)") == ["lcm:8,20"]
    assert units("choices", 1, r"^In how .* (3 be chosen from 12 people|choose 3 of 12 )|exactly 3 .* 12 ") == [
        "some:12:3"
    ]
    two_ways = r"\(0, 0\)\$ to \$(\(3, 7\)|\(7, 3\))"
    assert units("lattice-paths", 1, two_ways) == ["all:0,0:3,7"]


@pytest.mark.parametrize("subject", [*OTHERS, ARITHMETIC])
def test_what_is_held_out_is_held_out_in_every_config(subject: Subject) -> None:
    levels = (8,) if subject == ARITHMETIC else LEVELS

    def units(sizes: tuple[int, int, int], split: Split, seed: int) -> set[str]:
        return {item.unit for item in made(subject, levels=levels, sizes=sizes, seed=seed)[split]}

    test = units((0, 0, 300), "test", 0)
    assert test == units((100, 10, 300), "test", 0)  # a bigger training set moves no test problem
    assert test != units((0, 0, 300), "test", 1)
    assert not test & units((2000, 0, 0), "train", 1)
    few, more = units((300, 0, 0), "train", 0), units((600, 0, 0), "train", 0)
    assert few < more


def test_subjects_and_levels_take_turns() -> None:
    found = made(ARITHMETIC, "algebra", "calculus", levels=(1, 5), sizes=(60, 6, 12))
    assert {split: len(items) for split, items in found.items()} == {"train": 60, "validation": 6, "test": 12}
    cells = [(item.tags[0] if item.tags[0] in SUBJECTS else ARITHMETIC) for item in found["train"][:6]]
    assert cells == [ARITHMETIC, ARITHMETIC, "algebra", "algebra", "calculus", "calculus"]
    assert found["train"][1].tags[0] == "level-5" and found["train"][3].tags[2] == "level-5"
    alone = made("algebra", levels=(5,), sizes=(10, 1, 2))
    assert alone["test"] == [item for item in found["test"] if "algebra" in item.tags and "level-5" in item.tags]


# What makes a million: for each subject some kinds and levels that are large.
LARGE: dict[Subject, list[tuple[str, int]]] = {
    "algebra": [("system", 4), ("evaluate", 5), ("linear-equation", 5), ("sequence", 3), ("quadratic-equation", 5)],
    "number-theory": [("remainder", 5), ("bases", 5), ("digits", 5), ("common-divisor", 5), ("chinese-remainder", 5)],
    "combinatorics": [("divisibility", 5), ("divisibility", 4), ("probability", 5)],
    "calculus": [("derivative", 2), ("limit", 2), ("antiderivative", 2), ("definite-integral", 2), ("extremum", 4)],
}
DRAWS = 20_000


@pytest.mark.parametrize("subject", [*OTHERS, ARITHMETIC])
def test_a_million_problems(subject: Subject) -> None:
    """Of n draws, n (n - 1) / 2 pairs meet with chance sum(p ** 2) each, which is at least 1 over the number of units:
    few meetings among many pairs need many units, however unevenly they are drawn."""
    draw = random.Random(f"million {subject}")
    units: Counter[str] = Counter()
    if subject == ARITHMETIC:
        units.update(made_sum.whole.key for _ in range(DRAWS) if (made_sum := arithmetic.hard(draw, "+-*/")))
    else:
        kinds = {kind.name: kind for kind in SUBJECTS[subject]}
        for _ in range(DRAWS):
            name, level = draw.choice(LARGE[subject])
            units[f"{name}-{kinds[name].make(draw, level).unit}"] += 1
    assert sum(units.values()) == DRAWS
    meetings = sum(count * (count - 1) // 2 for count in units.values())
    pairs = DRAWS * (DRAWS - 1) / 2
    assert meetings < pairs / 1.5e6  # 133; a million units would give 200, with a deviation of 14


@pytest.mark.parametrize(("kind", "level"), KINDS, ids=[f"{kind.name}-{level}" for kind, level in KINDS])
def test_form(kind: Kind, level: int) -> None:
    draw = random.Random(f"form {kind.name} {level}")
    for _ in range(200):
        found = kind.make(draw, level)
        for text in (found.question, found.answer):
            assert text.count("{") == text.count("}") and text.count("(") + text.count("[") == text.count(
                ")"
            ) + text.count("]")
            assert "  " not in text and "+ -" not in text and "- -" not in text and "--" not in text, found
            assert not re.search(r"(?<![\d.])1[a-z](?![a-z])|\^1(?!\d)|(?<![\d.{^(-])0[a-z]", text), found
        assert found.question[0].isupper() or found.question[0].isdigit()
        assert found.question[-1] in ".?" and found.question.count("$") % 2 == 0
        assert found.question.count(found.answer) <= 3 or len(found.answer) < 3
        fractions = re.findall(r"\\frac\{(\d+)\}\{(\d+)\}", found.answer)
        assert all(Fraction(int(a), int(b)).denominator == int(b) != 1 for a, b in fractions), found


@pytest.mark.parametrize(("kind", "level"), KINDS, ids=[f"{kind.name}-{level}" for kind, level in KINDS])
def test_the_answer_is_accepted_and_the_question_is_not(kind: Kind, level: int) -> None:
    judge = task(subjects=["algebra"], train_size=0, validation_size=0, test_size=0)
    draw = random.Random(f"judge {kind.name} {level}")
    for _ in range(6):
        found = kind.make(draw, level)
        problem = as_problem(found)
        assert judge.verify(problem, judge.reference(problem) or "", TOOLS).status is Status.CORRECT, found
        for formula in re.findall(r"\$([^$]+)\$", found.question):
            if formula in ("F(x)", "F") or re.fullmatch(r"[-\d]+", formula) or formula in found.answer:
                continue
            verdict = judge.verify(problem, f"\\boxed{{{formula}}}", TOOLS)
            assert verdict.status is not Status.CORRECT, (found, formula)


def as_problem(found: Drawn) -> Problem:
    data = {"answer": found.answer, "question": found.question, **({"form": found.form} if found.form else {})}
    return Problem(id="p", prompt=[], data=data, split="train")


def test_problems_name_the_form_they_ask_for() -> None:
    problems = task(subjects=["algebra"], levels=[1], train_size=400).problems("train")
    forms = Counter(item.data.get("form") for item in problems)
    assert forms["expanded"] > 5 and forms["factored"] > 5
    for item in problems:
        if "form" in item.data:
            assert item.tags[1] == item.data["form"].removesuffix("ed")
            assert re.match("Expand|Write|Factor", item.data["question"])


OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def worth(node: ast.expr) -> Fraction:
    if isinstance(node, ast.BinOp):
        return Fraction(OPERATORS[type(node.op)](worth(node.left), worth(node.right)))
    assert isinstance(node, ast.Constant) and isinstance(node.value, int)
    return Fraction(node.value)


def long_sums(**more: Any) -> list[Generated]:
    return list(made(ARITHMETIC, levels=(8,), sizes=(600, 10, 10), **more)["train"])


def test_long_arithmetic_is_right() -> None:
    kinds: Counter[str] = Counter()
    for item in long_sums():
        whole = ast.parse(item.question.removeprefix("What is ").removesuffix("?"), mode="eval").body
        assert worth(whole) == Fraction(item.answer), item
        assert item.tags[0] == "level-8" and item.id.startswith("gen-8-")
        kinds[item.tags[1]] += 1
    assert set(kinds) == {*(f"long-{name}" for name in arithmetic.NAMES.values()), "steps", "three-fractions"}
    assert min(kinds.values()) > 20


def test_long_arithmetic_keeps_to_operations_and_signs() -> None:
    assert any(item.answer.startswith("-") for item in long_sums())
    for item in long_sums(negative=False, operations="-"):
        assert not item.answer.startswith("-") and not re.search(r"[+*]", item.question)
    assert not any(" / " not in item.question for item in long_sums(operations="/"))


def test_long_arithmetic_shares_nothing_with_the_levels_before() -> None:
    found = made(ARITHMETIC, levels=(5, 3, 8), sizes=(3000, 300, 300), low=1, high=9_999)
    units: dict[str, Split] = {}
    for split, items in found.items():
        for item in items:
            assert units.setdefault(item.unit, split) == split


def test_subjects_in_a_task() -> None:
    found = task(subjects=["calculus", "number-theory"], levels=[2, 4], train_size=40, validation_size=4, test_size=8)
    problems = found.problems("train")
    assert len(problems) == 40
    assert {item.tags[0] for item in problems} == {"calculus", "number-theory"}
    assert all(item.prompt[0]["content"].endswith("Put the final answer in \\boxed{}.") for item in problems)
    assert all(json.loads(json.dumps(dict(item.data))) == item.data for item in problems)
    doubled = task(subjects=["algebra", "algebra"], levels=[3, 3], train_size=20, test_size=3)
    assert doubled.problems("test") == task(subjects=["algebra"], levels=[3], train_size=20, test_size=3).problems(
        "test"
    )


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"subjects": ["algebra"], "levels": [1, 6]}, "algebra has levels 1 to 5"),
        ({"subjects": ["arithmetic", "calculus"], "levels": [8]}, "calculus has levels 1 to 5"),
        ({"subjects": ["calculus"], "extraction": "number"}, "set extraction to `boxed`"),
        ({"subjects": ["geometry"]}, "algebra"),
        ({"subjects": []}, "subjects"),
        ({"levels": [9]}, "levels"),
    ],
)
def test_configs_that_cannot_be(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        task(**config)


def test_latex() -> None:
    assert latex.number(Fraction(-3, 4)) == r"-\frac{3}{4}" and latex.number(Fraction(4, 2)) == "2"
    assert latex.polynomial((-1, 0, Fraction(1, 2), -1)) == r"-x^3 + \frac{1}{2}x - 1"
    assert latex.polynomial((0, 0)) == "0" and latex.polynomial((1, *[0] * 12)) == "x^{12}"
    assert latex.interval(None, 3, False, True) == r"(-\infty, 3]"
    assert latex.finite_set(["1", "2"]) == r"\{1, 2\}" and latex.ordered(1, Fraction(1, 2)) == r"(1, \frac{1}{2})"
    assert [latex.square_part(n) for n in (1, 12, 49, 180)] == [(1, 1), (2, 3), (7, 1), (6, 5)]
    assert latex.surd(2, -4, 3, 6) == r"\frac{1 - 2\sqrt{3}}{3}" and latex.surd(0, -1, 2, 2) == r"-\frac{\sqrt{2}}{2}"
    assert key(3, [1, 2], [[5, 6], [7, 8]]) == "3:1,2:5;6,7;8"
