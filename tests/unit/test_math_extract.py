from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verirl_tasks.math.extract import ANSWER_CAP, TAIL, AnswerTooLong, extract


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{4}", "4"),
        (r"\fbox{4}", "4"),
        (r"\boxed 4", "4"),
        (r"\boxed{1} no wait, \boxed{2}", "2"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\{1,2\}}", r"\{1,2\}"),
        (r"\boxed{\boxed{4}}", "4"),
        (r"\boxed{x = \fbox{\boxed{4} units}}", "4"),
        (r"\boxed{3} and \boxed{\boxed{4}}", "3, 4"),
        (r"\boxed{3} then \boxed{4", "3"),
        (r"\text{ open { \boxed{4}", "4"),
        (r"}}} \boxed{4}", "4"),
        (r"\boxed{}", None),
        (r"\boxed{4} \boxed{ \, ~\quad}", "4"),
        ("```\n\\boxed{5}\n```\n", None),
        ("\\boxed{4}\n```latex\n\\boxed{5}\n```", "4"),
        ("```\n\\boxed{5}\n```\n\\boxed{4}", "4"),
        ("~~~~\n```\n~~~\n\\boxed{5}\n~~~~\n\\boxed{4}", "4"),
        ("\\boxed{4}\n```never closed\n\\boxed{5}", "4"),
        ("`\\boxed{4}` and ``` in a line ```", "4"),
        (r"\boxed{1} or \boxed{2}", "1, 2"),
        (r"$\boxed{1}$, $\boxed{2}$, and $\boxed{3}$", "1, 2, 3"),
        (r"\boxed{4} or \boxed{4}", "4"),
        ("4", None),
        (r"\boxed{4", None),
        (r"\boxed", None),
        ("", None),
        (r"<think>\boxed{4}", None),
        (r"<think>\boxed{4}</think> it is five", None),
        (r"<think>\boxed{4}</think> \boxed{5}", "5"),
        (r"\boxed{4}</think> \boxed{5}", "5"),
        (r"<think>a</think>\boxed{4} <think>\boxed{5}", None),
    ],
)
def test_boxed(text: str, answer: str | None) -> None:
    assert extract(text, "boxed") == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("19", "19"),
        ("7 + 12 = 19.", "19"),
        ("It is **19**.", "19"),
        ("= $19$", "19"),
        (r"\boxed{19}", "19"),
        ("-5", "-5"),
        ("is -5", "-5"),
        ("7 - 12 = -5", "-5"),
        ("−5", "-5"),
        ("(-5)", "-5"),
        ("-$5", "-5"),
        ("minus: -0.5", "-0.5"),
        ("so 7\n-5", "-5"),
        ("so 7\n- 5", "5"),
        ("covid-19", "19"),
        ("1,234,567 people", "1,234,567"),
        ("1, 2, 3", "3"),
        ("costs $3.50.", "3.50"),
        (".5", ".5"),
        ("1/2", "1/2"),
        ("-1/2", "-1/2"),
        (r"it is \frac{1}{2}", r"\frac{1}{2}"),
        ("50%", "50%"),
        ("6.02e23", "6.02e23"),
        ("19 apples", "19"),
        ("5-3", "5 - 3"),
        ("14 - 7", "14 - 7"),
        ("2 * (3 + 4) * 2", "4) * 2"),
        ("What is 7 × 3?", "7 × 3"),
        ("x2", None),
        ("no digits", None),
        ("<think>19", None),
        ("<think>19</think>", None),
        ("<think>18</think>19", "19"),
        ("٣", None),
    ],
)
def test_number(text: str, answer: str | None) -> None:
    assert extract(text, "number") == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{4}. The answer is 5", "4"),
        (r"\boxed{. The answer is 5", None),
        ("The answer is 4.", "4"),
        ("the answer is 3, no: the answer is 4", "4"),
        ("**Answer: 4**", "4"),
        ("**Final Answer:**\n\n$\\frac{1}{2}$\n", r"\frac{1}{2}"),
        (r"Answer: \(x = 4\), since 5 - 1 is 4 and 7 is not", "x = 4"),
        ("#### 1,234", "1,234"),
        ("7 + 12 = 19", "7 + 12 = 19"),
        ("So 7 + 12 = 19", "19"),
        ("no idea", None),
        ("The answer is 34. I hope it is correct.", "34"),
        ("Final answer: the largest n is 34", "34"),
        ("The answer is 42 because geometry proves it", "42"),
        ("The answer is D, since the others are wrong", "D"),
        ("Hence $x = 3$ and $x = 4$.", "x = 3, x = 4"),
        ("First 3, then **4**. We used 2 steps.", "4"),
        (r"Thus \[ \frac{1}{2} \] holds", r"\frac{1}{2}"),
        (r"\frac{1}{2}", r"\frac{1}{2}"),
        ("Answers vary: 3 or 4", "4"),
        ("<think>the answer is 4", None),
    ],
)
def test_lenient(text: str, answer: str | None) -> None:
    assert extract(text, "lenient") == answer


def test_only_the_end_of_a_long_response_counts() -> None:
    assert extract(r"\boxed{4}" + "x" * TAIL, "boxed") is None
    assert extract("x" * 200_000 + r"\boxed{4}", "boxed") == "4"


def test_a_long_answer_is_refused() -> None:
    assert extract(r"\boxed{" + "1" * ANSWER_CAP + "}", "boxed") == "1" * ANSWER_CAP
    with pytest.raises(AnswerTooLong):
        extract(r"\boxed{" + "1" * (ANSWER_CAP + 1) + "}", "boxed")
    with pytest.raises(AnswerTooLong):
        extract("1" * 15_000, "number")


@pytest.mark.parametrize(
    "unit",
    [
        r"\boxed{",
        "{",
        "}",
        r"\boxed ",
        "1,111",
        "1/",
        "-",
        "1 ",
        "1e",
        "<think>",
        "\\",
        r"\[",
        r"\boxed{1}or",
        r"\pi \ne ",
        "$1",
        "**1",
        "x1",
        "answer is ",
        "1.",
        "\n",
    ],
)
@pytest.mark.parametrize("extraction", ["boxed", "number", "lenient"])
def test_no_text_is_slow(unit: str, extraction: str) -> None:
    text = unit * (200_000 // len(unit))
    begun = time.process_time()
    with contextlib.suppress(AnswerTooLong):
        extract(text, extraction)  # type: ignore[arg-type]
    assert time.process_time() - begun < 5  # CPU time: what is quadratic takes minutes


@given(st.text(alphabet="\\boxed{}fr <think>/0123456789,.-*$%()^\n", max_size=300))
def test_any_text_has_an_answer_or_none(text: str) -> None:
    for extraction in ("boxed", "number", "lenient"):
        answer = extract(text, extraction)
        assert answer is None or isinstance(answer, str)


@given(st.integers(-(10**12), 10**12), st.text(alphabet="abc \n{", max_size=30))
def test_a_boxed_number_is_found_behind_anything(number: int, noise: str) -> None:
    assert extract(noise + rf"\boxed{{{number}}}", "boxed") == str(number)
    assert extract(f"{noise} the answer is {number}", "number") == str(number)
    assert extract(f"{noise} the answer is {number:,}.", "number") == f"{number:,}"
