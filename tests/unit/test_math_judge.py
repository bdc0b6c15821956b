from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verirl.errors import DataWarning
from verirl.types import SPLITS, Problem, Status
from verirl.workers import WorkerPool
from verirl_tasks.math import MathConfig, MathTask
from verirl_tasks.math.judge import BadGold, judge
from verirl_tasks.math.parse import ParseError, TooDear, parse

TOOLS: Any = None

SAME = [
    ("19", "19"), ("19", "19."), ("19", "$19$"), ("19", "+19"), ("-5", "−5"), ("19", "19.0"), ("19", "(19)"),
    ("19", r"x = 19"), ("x=19", "19"), ("19", r"\$19"), ("19", "19 apples"), ("19", r"19\text{ dollars}"),
    ("1234567", "1,234,567"), ("1234567", r"1{,}234{,}567"), ("11,\\! 111", "11111"), ("10080", r"10,\!080"),
    ("1/2", "0.5"), ("1/2", r"\frac12"), ("1/2", r"\dfrac{4}{8}"), ("-1/2", r"\frac{-1}{2}"), ("-1/2", r"-\frac{1}{2}"),
    ("1.10", "1.1"), (".5", "0.50"), ("0.5", r"50\%"), ("50", r"50\%"), (r"50\%", "0.5"), ("9/5", r"1\frac{4}{5}"),
    ("-3/2", r"-1\frac{1}{2}"), ("6.02e23", r"6.02\times 10^{23}"), (r"6.02\times 10^{23}", "6.02e23"),
    ("90^\\circ", "90"), ("90", r"90^{\circ}"), (r"90^\circ", r"90\text{ degrees}"), (r"5.4 \text{ cents}", "5.4"),
    (r"15\mbox{ cm}^2", r"15 \text{ cm}^2"), ("5 \\text{ cm}", "5 cm"),
    (r"3\sqrt{13}", r"\sqrt{117}"), (r"\frac{\sqrt3}{3}", r"\frac{1}{\sqrt{3}}"), (r"2\pi", "2π"), (r"\sqrt2", "√2"),
    (r"\frac{\sqrt{3}}2", r"\sin 60^\circ"), (r"\sqrt[3]{2}", "2^{1/3}"), ("2^{10}", "1024"), ("6-5i", "-5i+6"),
    (r"\ln 2", r"-\ln \frac{1}{2}"), (r"\log_2 3", r"\frac{\ln 3}{\ln 2}"), ("5!", "120"), (r"\binom{5}{2}", "10"),
    ("p-q", "-q+p"), ("(a+5)(b+2)", "ab+2a+5b+10"), ("x^3+3x-6", "3x + x^3 - 6"), ("|x|", r"\sqrt{x^2}"),
    (r"\cot x", r"\frac{\cos x}{\sin x}"), (r"\sin^2 x", r"1-\cos^2 x"), ("3R^2", r"3 \cdot R^2"), ("x_1+1", "1+x_{1}"),
    ("1,-2", "-2, 1"), ("1,-2", r"-2 \text{ and } 1"), ("3, 5, 7", r"\{7,5,3\}"), (r"1 \pm \sqrt{19}", r"1-\sqrt{19},1+\sqrt{19}"),
    ("(6,31,-1)", r"\left( 6, 31, -1 \right)"), ("(3,4]", "(3, 4]"), (r"x \in [-2,7]", "[-2,7]"),
    (r"(-\infty,0]", r"(-\infty , 0]"), (r"(0,9) \cup (9,36)", r"(9,36)\cup(0,9)"), (r"\emptyset", r"\varnothing"),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{bmatrix}1 & 2 \\ 3 & \frac{8}{2} \end{bmatrix}".replace(r"\frac{8}{2}", "4")),
    ("y=2x+3", "2x-y+3=0"), ("y = 2x + 3", "y=3+2x"), ("x^2+y^2=1", "1-x^2=y^2"), (r"x \ge 3", r"3 \le x"),
    (r"\text{Evelyn}", "evelyn"), (r"\text{(C)}", "C"), ("C", r"\text{(C)}"), ("even", r"\text{even}"), ("4210_{5}", "4210_5"),
    ("4210_5", "4210"), ("19", "7+12=19"), ("x=19", "x = 7+12 = 19"), (r"\frac13", r"\frac13 \approx 0.33"), ("1/3", "0.333333"),
    (r"2\pi", "6.283185307179586"), ("3.14", r"\pi"), ("3.14", "3.1416"), ("9.4248", r"3\pi"), (r"6.02\times 10^{23}", "6.022e23"),
    (r"\sqrt{2}", "1.4142135623730951"), (r"0.\overline{3}", r"\frac13"), (r"\frac{1}{6}", r"0.1\overline{6}"), ("1/3", r"0.333\ldots"),
    ("1234.56", "1.234,56"), ("1000000", "1 000 000"), ("56017895760", r"56,\!01,\!78,\!95,\!760"), ("7/2", "3½"), ("x^2", "x²"),
    ("40/9", "4 4/9"), ("0.045", r"4.5 \text{ percent}"), ("3", "３"), ("12:00", r"12{:}00".replace("{:}", ":")), ("2:3", "4:6"),
    ("2:3", r"\frac23"), ("5000000", "5 million"), (r"1 \text{ m}", r"100 \text{ cm}"), (r"3 \text{ hours}", r"180 \text{ min}"),
    (r"5 \text{ m}", "5m"), (r"60 \text{ km/h}", r"60 \text{ km per hour}"), (r"17 \text{ any words}", "17"), (r"45^\circ", r"\frac{\pi}{4}"),
    (r"x \ge 0", r"[0,\infty)"), (r"(-\infty,1)\cup(2,\infty)", r"x<1 \text{ or } x>2"), ("1<x<3", "(1,3)"), (r"-2 \le x \le 7", r"x \in [-2,7]"),
    (r"\mathbb{R} \setminus \{0\}", r"(-\infty,0)\cup(0,\infty)"), (r"x \ne 3", r"(-\infty,3) \cup (3,\infty)"), (r"\{x \mid x > 2\}", "x>2"),
    (r"(-\infty,\infty)", r"\mathbb{R}"), (r"\mathbb{R}", r"\text{all real numbers}"), (r"\emptyset", "no solution"), ("y<2x", "2x-y>0"),
    (r"(0,1)\cup(1,2)\cup(1,3)", "(0,1)\\cup(1,3)"), ("(x,y)=(1,2)", "(1,2)"), ("x=1, y=2", "(1,2)"), ("x=2 or x=3", "2, 3"),
    (r"x_1=1, x_2=-2", "-2, 1"), (r"\pm 5", "5, -5"), ("f(x)=x^2+1", "1+x^2"), (r"\begin{pmatrix}1\\2\end{pmatrix}", "(1,2)"),
    (r"\langle 1,2 \rangle", "(1,2)"), (r"\begin{cases}x=1\\y=2\end{cases}", "x=1, y=2"), (r"x \equiv 3 \pmod 7", r"x \equiv 10 \pmod{7}"),
    (r"\sin^{-1} x", r"\arcsin x"), (r"\ln(x^2)", r"\log x^2 + \ln 1"), (r"2\ln x", r"\ln x^2"), (r"\sqrt[3]{x}^2", "x^{2/3}"), (r"\log_2 8x", r"3+\log_2 x"),
    (r"\frac{x^2-1}{x-1}", "x+1"), ("(x+y)^{30}", "(y+x)^{29}(x+y)"), ("x^{100000}", r"x^{99999} \cdot x"), (r"2^{100}-1", "1267650600228229401496703205375"),
    (r"\lfloor x \rfloor + 1", r"\lfloor x+1 \rfloor"), (r"\cos 2x", r"2\cos^2 x - 1"), (r"e^{i\pi}+x", "x-1"), ("7!!", "105"), (r"\frac{NO}{BO}=\frac12", "1/2"),
    (r"\sum_{k=1}^{n} k", r"\frac{n(n+1)}{2}"), (r"\int_0^1 x^2\,dx + y", r"y+\frac13"), (r"\lim_{x \to 0} \frac{\sin x}{x} + a", "a+1"),
    ("C", r"\textbf{(C)}"), ("C", "(C) 42"), ("C", r"\mathrm{(C)}"), ("E+I", "I+E"), (r"\lambda S", r"S\lambda"), ("3s^2", "3*s**2"), ("1-i", "-i + 1"),
]  # fmt: skip

DIFFERENT = [
    ("19", "20"), ("19", "-19"), ("19", "18.9999999"), ("19", "19.00000000000000000000000001"), ("19", ""), ("19", "x"),
    ("19", "7+12"), ("391", r"17 \times 23"), ("391", r"17 \cdot 23"), ("19", r"\frac{38}{2}"), ("19", "38/2"),
    ("8", "2^3"), ("2", r"\sqrt{4}"), ("120", "5!"), ("0.5", "1.5/3"), ("5", "3=5"), ("5", "x=x"),
    ("1/3", "0.33"), ("0.5", "50"), ("5", "500"),
    ("3", r"3 \text{ or } 5"), ("5", r"\pm 5"), (r"\pm 5", "5"), ("4", r"4 \lor 5"), ("3", r"x \ge 3"),
    ("5", r"x \in \mathbb{Z}"), ("x=2", "x=x"), ("x=5", "2x=10"), ("x=5", "y=5"), ("x=5", "x-5=0"),
    ("5 \\text{ cm}", "5 \\text{ km}"), ("3t", "3"), ("3", "3t"), (r"\$5", "5 cents"),
    ("[1,2]", "(1,2)"), ("(1,2)", "(2,1)"), ("(1,2)", "(1,2,3)"), ("1,2", "1,2,3"), ("1,1", "1,2"), ("(1,234)", "1234"),
    (r"\begin{pmatrix}1&2\end{pmatrix}", r"\begin{pmatrix}1\\2\end{pmatrix}"), ("3+4i", "3-4i"), ("2^{64}", "2^{64}+1"),
    (r"\sqrt{10^{20}+1}-10^{10}", "0"), (r"\infty", r"\frac{1}{0}"), ("0", r"\frac{0}{0}"), ("0", "None"), ("4", "nan"),
    (r"\sin x", r"\sin y"), ("y=2x+3", "4x-2y+7=0"), ("y=2x+3", "0=0"), (r"\text{ab}", "ba"), (r"\text{east}", "west"),
    ("52_8", "42"), ("x", "y"), ("n", "N"), (r"\sqrt{2}", r"\sqrt{2}+10^{-30}"), ("x^2", "x^2+10^{-20}"),
    ("1 234", "1235"), ("19", "3+15=19"), ("x=19", "x=3+15=19"), (r"\sqrt{2}", "1.414"), ("0.5", "0.54"), ("1e-7", "2e-7"),
    ("3.14", "3.15"), ("19.0", "18.96"), ("1/3", "0.3333"), ("1/8", "0.12500001"), ("12:00", "1:00"), ("2:3", "3:2"),
    ("5 million", "5"), ("5", "5 million"), ("12", "1 dozen eggs minus one"), (r"5 \text{ apples}", r"5 \text{ oranges}"),
    (r"1 \text{ m}", r"10 \text{ cm}"), (r"\$36", r"36^\circ"), ("4", r"4 \text{ is not the answer}"), ("4", "4 or more"),
    ("x>3", r"x\ge 3"), ("x>3", r"[3,\infty)"), ("x>3", "y>3"), ("1<x<3", "(1,3]"), (r"\mathbb{R}", r"\mathbb{Z}"),
    (r"(-\infty,1)\cup(2,\infty)", r"(-\infty,2)\cup(1,\infty)"), ("x<1", "2x<2"), ("y<2x", "y>2x"), (r"x \ne 3", "x=3"),
    (r"x \equiv 3 \pmod 7", r"x \equiv 4 \pmod 7"), (r"\frac{1}{2}\ln 2", r"\ln \frac12"), ("(x+1)^3", "x^3+1"),
    (r"\sin^{-1} x", r"\frac{1}{\sin x}"), ("x^{1000}", "x^{1001}"), ("x", r"x+10^{-90}"), (r"\sqrt{2}", r"\sqrt{2}+10^{-90}"),
    ("C", "D"), (r"\text{(C)}", "(B) or (C)"), ("40/9", r"4\frac{4}{9}\%"), ("4", "------4"), ("40_9", "36"), ("1.5", "1,5"),
    (r"\lfloor 3.7 \rfloor + x", "4+x"), ("i", "-i"), (r"\infty", r"-\infty"), (r"\emptyset", r"\{0\}"), (r"\frac{n(n+1)}{2}", "n^2"),
]  # fmt: skip


@pytest.mark.parametrize(("gold", "answer"), SAME)
def test_the_same(gold: str, answer: str) -> None:
    assert judge(gold, answer)[:2] == (Status.CORRECT, "")


@pytest.mark.parametrize(("gold", "answer"), DIFFERENT)
def test_different(gold: str, answer: str) -> None:
    status, reason, _ = judge(gold, answer)
    assert status in (Status.INCORRECT, Status.UNPARSEABLE) and reason


@pytest.mark.parametrize(
    "answer", [r"17 \times 23", "17*23", "17·23", r"\frac{782}{2}", "400-9", r"\boxed{17 \times 23}"]
)
def test_a_restated_problem_is_not_evaluated(answer: str) -> None:
    assert judge("391", answer)[:2] == (Status.INCORRECT, "not evaluated")
    assert judge("391", answer, "any").status is Status.CORRECT


@pytest.mark.parametrize(
    "answer", ["__import__('os')", r"\def\x{4}\x", "4;;", "4 4", "(4", "4)", r"\sqrt13", "@", "{", "^"]
)
def test_what_the_grammar_does_not_know_is_unparseable(answer: str) -> None:
    assert judge("4", answer)[0] is Status.UNPARSEABLE


@pytest.mark.parametrize(
    "answer", ["2^{10^{10}}", "(10^9)!", r"\binom{10^9}{5}", "9^{9^9}", "2^{(3^{99999})}", r"e^{e^{e^9}}"]
)
def test_what_is_too_dear_is_a_limit(answer: str) -> None:
    assert judge(r"\sqrt{2}", answer)[0] is Status.LIMIT


def test_a_huge_exponent_is_a_limit() -> None:
    assert judge("1", "1e1000000000")[0] is Status.LIMIT


@pytest.mark.parametrize(
    "gold", ["", "   ", "{", r"\unknown{3}", "4 4", r"\int_0^1 x", "((", "1" * 2000, "1e99999", "9^{9^9}"]
)
def test_a_gold_that_cannot_be_compared_with_is_no_fault_of_the_answer(gold: str) -> None:
    if gold == "9^{9^9}":
        with pytest.raises(BadGold):
            judge(gold, "3^2^3")
        return
    for answer in ("4", gold):
        with pytest.raises(BadGold):
            judge(gold, answer)


@given(st.integers(-(10**30), 10**30))
def test_integers(number: int) -> None:
    assert judge(str(number), f"{number:,}")[0] is Status.CORRECT
    assert judge(str(number), f"{number}.000")[0] is Status.CORRECT
    assert judge(str(number), str(number + 1))[0] is Status.INCORRECT
    assert judge(str(number), f"{number + 1}-1")[0] is not Status.CORRECT


@given(st.integers(-99, 99), st.integers(1, 99), st.integers(-99, 99), st.integers(1, 99))
def test_fractions(a: int, b: int, c: int, d: int) -> None:
    same = Fraction(a, b) == Fraction(c, d)
    status, reason, _ = judge(str(Fraction(a, b)), rf"\frac{{{c}}}{{{d}}}")
    if Fraction(a, b).denominator == 1 and str(Fraction(a, b)) != f"{c}":
        assert reason in ("not evaluated", "another number") and status is Status.INCORRECT
    elif Fraction(a, b).denominator > 1:
        assert (status is Status.CORRECT) is same


@given(st.text(alphabet="0123456789xyeinp+-*/^!(){}[]|,.=<$%&_;' \\fracsqtboxdpmulginc\n", max_size=60))
def test_no_text_breaks_the_judge(text: str) -> None:
    for gold in ("4", r"\sqrt{2}+x", "1,2"):
        status = judge(gold, text).status
        assert status in (Status.CORRECT, Status.INCORRECT, Status.UNPARSEABLE, Status.LIMIT)


@given(st.text(max_size=40))
def test_any_unicode_parses_or_is_refused(text: str) -> None:
    with contextlib.suppress(ParseError, TooDear):
        parse(text)


def verdict(answer: dict[str, Any], response: str, **config: Any) -> Any:
    problem = Problem(id="p", prompt=[], data=answer, split="test")
    return MathTask(MathConfig(**config)).verify(problem, response, TOOLS)


def test_verdicts_need_no_more_than_the_answer() -> None:
    found = verdict({"answer": "4"}, r"\boxed{4}")
    assert (found.status, found.reward, found.answer) == (Status.CORRECT, 1.0, "4")
    assert verdict({"answer": 4}, r"\boxed{4}").reward == 1.0
    assert verdict({"answer": 0.5}, r"\boxed{1/2}").reward == 1.0


@pytest.mark.parametrize(
    "data", [{}, {"answer": None}, {"answer": ""}, {"answer": True}, {"answer": [4]}, {"answer": "{"}]
)
def test_a_bad_gold_is_an_invalid_problem(data: dict[str, Any]) -> None:
    found = verdict(data, r"\boxed{4}")
    assert (found.status, found.reward) == (Status.INVALID_PROBLEM, None)
    assert "gold" in found.reason


def test_every_status_of_the_policys_has_reward_zero() -> None:
    for response, status in [
        ("4", Status.NO_ANSWER),
        (r"\boxed{5}", Status.INCORRECT),
        (r"\boxed{}", Status.NO_ANSWER),
        (r"\boxed{@}", Status.UNPARSEABLE),
        (r"\boxed{" + "4" * 2000 + "}", Status.UNPARSEABLE),
        (r"\boxed{1e99999}", Status.LIMIT),
    ]:
        found = verdict({"answer": "4"}, response)
        assert (found.status, found.reward) == (status, 0.0) and found.reason


@pytest.mark.parametrize("extraction", ["boxed", "number", "lenient"])
def test_the_vouched_cases(extraction: str) -> None:
    task = MathTask(MathConfig.model_validate({"extraction": extraction}))
    cases = list(task.cases())
    assert len(cases) > 8 and {case.expected for case in cases} >= {Status.CORRECT, Status.INCORRECT, Status.NO_ANSWER}
    for case in cases:
        assert task.verify(case.problem, case.response, TOOLS).status is case.expected, case


@pytest.mark.parametrize(
    ("gold", "answer", "tier"),
    [
        ("19", "19", "string"),
        ("1/2", "0.5", "exact"),
        ("1,2", "2,1", "structure"),
        ("(x+1)^2", "x^2+2x+1", "modular"),
        (r"\sqrt{8}", r"2\sqrt{2}", "numeric"),
        (r"\sum_{k=1}^{n} k", r"\frac{n(n+1)}{2}", "symbolic"),
    ],
)
def test_the_tier_that_decided_is_named(gold: str, answer: str, tier: str) -> None:
    assert judge(gold, answer).tier == tier
    assert verdict({"answer": gold}, rf"\boxed{{{answer}}}").parts == {f"tier/{tier}": 1.0}


def test_more_values_than_asked_for_are_a_hedge() -> None:
    for gold, answer in (("5", r"\pm 5"), ("3", r"3 \text{ or } 5"), ("1,2", "1,2,3"), ("5", r"\{5,6\}")):
        assert judge(gold, answer).reason.startswith("hedging: ")


@pytest.mark.parametrize(
    ("gold", "answer", "form", "right"),
    [
        ("391", r"17 \times 23", "evaluated", False),
        ("391", r"17 \times 23", "any", True),
        ("1/3", r"\int_0^1 x^2\,dx", "evaluated", False),
        ("1/3", r"\int_0^1 x^2\,dx", "any", True),
        ("2", r"\sqrt{4}", "evaluated", False),
        ("2", r"\sqrt{4}", "any", True),
        ("4", r"100 \bmod 6", "evaluated", False),
        ("4", r"100 \bmod 6", "any", True),
        ("x=5", "2x=10", "any", True),
        ("x^2+2x+1", "(x+1)^2", "evaluated", True),
        ("x^2+2x+1", "(x+1)^2", "expanded", False),
        ("x^2+2x+1", "x^2+x+x+1", "expanded", False),
        ("x^2+2x+1", "1+2x+x^2", "expanded", True),
        ("-6x^2y+3", "3-6yx^2", "expanded", True),
        ("(x+1)(x+2)", "x^2+3x+2", "factored", False),
        ("(x+1)(x+2)", "(2+x)(1+x)", "factored", True),
        ("2(x+1)^2", "2(x+1)(x+1)", "factored", True),
    ],
)
def test_forms(gold: str, answer: str, form: Any, right: bool) -> None:
    assert (judge(gold, answer, form).status is Status.CORRECT) is right


def test_the_form_that_a_task_asks_for() -> None:
    restated = r"\boxed{17 \times 23}"
    assert verdict({"answer": "391"}, restated).reward == 0.0
    assert verdict({"answer": "391"}, restated, form="any").reward == 1.0
    assert verdict({"answer": "391"}, restated, data="math500").reward == 1.0
    assert verdict({"answer": "391"}, restated, data="gsm8k").reward == 0.0
    assert verdict({"answer": "391", "form": "any"}, restated).reward == 1.0
    assert verdict({"answer": "x^2-1", "form": "factored"}, r"\boxed{x^2-1 }").reward == 1.0  # as the gold has it


SYMMETRIC = [
    pair
    for pair in SAME
    if not any(sign in "".join(pair) for sign in ("text", "=", ".", "%", "$", "_", "approx", r"\ln", "(C)"))
]


@pytest.mark.parametrize(("gold", "answer"), SYMMETRIC)
def test_symmetric_where_neither_side_says_more(gold: str, answer: str) -> None:
    try:
        assert judge(answer, gold, "any").status is Status.CORRECT
    except BadGold as error:
        pytest.fail(str(error))


TREES = st.recursive(
    st.one_of(st.integers(0, 99).map(str), st.sampled_from(["x", "y", r"\pi", "n", "0.5", r"\frac{2}{3}"])),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", r" \cdot "]), inner).map("".join),
        inner.map(lambda text: rf"\left({text}\right)"),
        st.tuples(inner, inner).map(lambda pair: rf"\frac{{{pair[0]}}}{{1+({pair[1]})^2}}"),
        inner.map(lambda text: rf"\sqrt{{{text}}}"),
        inner.map(lambda text: rf"({text})^2"),
        inner.map(lambda text: rf"\sin({text})"),
    ),
    max_leaves=8,
)


def rewritten(text: str) -> str:
    """The same to any reader of LaTeX."""
    text = (
        text.replace(r"\frac", r"\dfrac")
        .replace(r"\left(", "(")
        .replace(r"\right)", r"\right )".replace(r"\right ", ""))
    )
    return "$ " + text.replace("+", r"\, + ").replace(r"\cdot", r"\times").replace("-", " - ") + " $"


@settings(deadline=None)
@given(TREES)
def test_every_expression_is_itself_however_it_is_written(text: str) -> None:
    try:
        found = [
            judge(text, answer, "any") for answer in (text, rewritten(text), f"({text})", f"({text})+0", f"0+1({text})")
        ]
    except BadGold:
        return
    assert [each.status for each in found] == [Status.CORRECT] * 5, (text, found)


@settings(deadline=None)
@given(TREES)
def test_one_more_is_another(text: str) -> None:
    with contextlib.suppress(BadGold):
        assert judge(text, f"({text})+10^{{-40}}", "any").status is not Status.CORRECT
        assert judge(text, f"({text})+x-y", "any").status is not Status.CORRECT


def test_from_asyncio() -> None:
    async def all_at_once(pool: WorkerPool) -> set[Status]:
        problem = Problem(id="p", prompt=[], data={"answer": r"\sqrt{8}"}, split="test")
        asked = [asyncio.to_thread(pool.verify, problem, r"\boxed{2\sqrt{2}}") for _ in range(20)]
        return {verdict.status for verdict in await asyncio.gather(*asked)}

    with WorkerPool("math", {}, workers=1) as pool:
        assert asyncio.run(all_at_once(pool)) == {Status.CORRECT}


def test_golds_that_cannot_be_read_are_told_once_when_the_data_loads(tmp_path: Path) -> None:
    rows = [
        {"question": "a?", "answer": "4"},
        {"question": "b?", "answer": "4 4 {"},
        {"question": "c?", "answer": "(("},
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = MathTask(MathConfig(data=str(file)))
    with pytest.warns(DataWarning, match="2 of 3 gold answers .* cannot be read") as told:
        task.problems("train")
    assert len(told) == 1
    for split in SPLITS:
        task.problems(split)  # says nothing more


def test_sympy_is_loaded_ahead_of_the_answers_that_need_it() -> None:
    script = (
        "import sys; from verirl.types import Problem; from verirl_tasks.math import MathConfig, MathTask\n"
        "task = MathTask(MathConfig())\n"
        "for gold in ('4', r'\\sum_{k=1}^{n} k'):\n"
        "    task.prepare([Problem(id='p', prompt=[], data={'answer': gold}, split='test')], None)\n"
        "    print('sympy' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


@pytest.mark.skipif(find_spec("math_verify") is None, reason="Math-Verify is not installed")
def test_a_second_opinion_is_noted_and_changes_nothing() -> None:
    for answer, ours, theirs in (("1/2", 1.0, 1.0), (r"5 \text{ km}", 0.0, 1.0), ("3", 0.0, 0.0)):
        gold = {"answer": "0.5" if ours else r"5 \text{ cm}"}
        found = verdict(gold, rf"\boxed{{{answer}}}", second_opinion=True)
        assert (found.reward, found.parts["math_verify"]) == (ours, theirs)
