from __future__ import annotations

import contextlib
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from verirl_tasks.math import MathConfig, MathTask
from verirl_tasks.math.judge import BadGold, judge
from verirl_tasks.math.parse import ParseError, TooDear, parse

from verirl.types import Problem, Status

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
]  # fmt: skip

DIFFERENT = [
    ("19", "20"), ("19", "-19"), ("19", "18.9999999"), ("19", "19.00000000000000000000000001"), ("19", ""), ("19", "x"),
    ("19", "7+12"), ("391", r"17 \times 23"), ("391", r"17 \cdot 23"), ("19", r"\frac{38}{2}"), ("19", "38/2"),
    ("8", "2^3"), ("2", r"\sqrt{4}"), ("120", "5!"), ("0.5", "1.5/3"), ("19", "7+12=19"), ("5", "3=5"), ("5", "x=x"),
    ("1/3", "0.33"), ("1/3", "0.333333333333"), ("0.5", "50"), ("5", "500"), (r"2\pi", "6.283185307179586"),
    ("3", r"3 \text{ or } 5"), ("5", r"\pm 5"), (r"\pm 5", "5"), ("4", r"4 \lor 5"), ("3", r"x \ge 3"),
    ("5", r"x \in \mathbb{Z}"), ("x=2", "x=x"), ("x=5", "2x=10"), ("x=5", "y=5"), ("x=5", "x-5=0"),
    ("5 \\text{ cm}", "5 \\text{ km}"), ("3t", "3"), ("3", "3t"), (r"\$5", "5 cents"),
    ("[1,2]", "(1,2)"), ("(1,2)", "(2,1)"), ("(1,2)", "(1,2,3)"), ("1,2", "1,2,3"), ("1,1", "1,2"), ("(1,234)", "1234"),
    (r"\begin{pmatrix}1&2\end{pmatrix}", r"\begin{pmatrix}1\\2\end{pmatrix}"), ("3+4i", "3-4i"), ("2^{64}", "2^{64}+1"),
    (r"\sqrt{10^{20}+1}-10^{10}", "0"), (r"\infty", r"\frac{1}{0}"), ("0", r"\frac{0}{0}"), ("0", "None"), ("4", "nan"),
    (r"\sin x", r"\sin y"), ("y=2x+3", "4x-2y+7=0"), ("y=2x+3", "0=0"), (r"\text{ab}", "ba"), (r"\text{east}", "west"),
    ("52_8", "42"), ("x", "y"), ("n", "N"), (r"\sqrt{2}", r"\sqrt{2}+10^{-30}"), ("x^2", "x^2+10^{-20}"),
    ("1 234", "1235"),
]  # fmt: skip


@pytest.mark.parametrize(("gold", "answer"), SAME)
def test_the_same(gold: str, answer: str) -> None:
    assert judge(gold, answer) == (Status.CORRECT, "")


@pytest.mark.parametrize(("gold", "answer"), [pair for pair in DIFFERENT if pair[0] != "1 234"])
def test_different(gold: str, answer: str) -> None:
    status, reason = judge(gold, answer)
    assert status in (Status.INCORRECT, Status.UNPARSEABLE) and reason


@pytest.mark.parametrize(
    "answer", [r"17 \times 23", "17*23", "17·23", r"\frac{782}{2}", "400-9", r"\boxed{17 \times 23}"]
)
def test_a_restated_problem_is_not_evaluated(answer: str) -> None:
    assert judge("391", answer) == (Status.INCORRECT, "not evaluated")


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
    status, reason = judge(str(Fraction(a, b)), rf"\frac{{{c}}}{{{d}}}")
    if Fraction(a, b).denominator == 1 and str(Fraction(a, b)) != f"{c}":
        assert reason in ("not evaluated", "another number") and status is Status.INCORRECT
    elif Fraction(a, b).denominator > 1:
        assert (status is Status.CORRECT) is same


@given(st.text(alphabet="0123456789xyeinp+-*/^!(){}[]|,.=<$%&_;' \\fracsqtboxdpmulginc\n", max_size=60))
def test_no_text_breaks_the_judge(text: str) -> None:
    for gold in ("4", r"\sqrt{2}+x", "1,2"):
        status, _ = judge(gold, text)
        assert status in (Status.CORRECT, Status.INCORRECT, Status.UNPARSEABLE, Status.LIMIT)


@given(st.text(max_size=40))
def test_any_unicode_parses_or_is_refused(text: str) -> None:
    with contextlib.suppress(ParseError, TooDear):
        parse(text)


def verdict(data: dict[str, Any], response: str, **config: Any) -> Any:
    problem = Problem(id="p", prompt=[], data=data, split="test")
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
        (r"\boxed{}", Status.UNPARSEABLE),
        (r"\boxed{" + "4" * 2000 + "}", Status.UNPARSEABLE),
        (r"\boxed{1e99999}", Status.LIMIT),
    ]:
        found = verdict({"answer": "4"}, response)
        assert (found.status, found.reward) == (status, 0.0) and found.reason


@pytest.mark.parametrize("extraction", ["boxed", "number"])
def test_the_vouched_cases(extraction: str) -> None:
    task = MathTask(MathConfig.model_validate({"extraction": extraction}))
    cases = list(task.cases())
    assert len(cases) > 12 and {case.expected for case in cases} >= {Status.CORRECT, Status.INCORRECT, Status.NO_ANSWER}
    for case in cases:
        assert task.verify(case.problem, case.response, TOOLS).status is case.expected, case
