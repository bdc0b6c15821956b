"""A minute (or --seconds N) of nonsense for the math verifier: random bytes, random LaTeX, golds with a piece changed.

What counts as found: anything raised, a verdict that no response may have, an expression that is not itself, and more CPU time than the
budget of an answer and a tenth of a second. One process, no worker around it.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter

from _rows import Row, print_rows

from verirl.types import Problem, Status
from verirl_tasks.math import MathConfig, MathTask
from verirl_tasks.math.judge import BadGold, parse_gold

BUDGET = 2.0
GOLDS = [
    "19", "-5", "1/2", "0.5", "3.14", r"\sqrt{2}", "x^2+1", "1,-2", "(1,2)", "[0,1)", r"\{1,2\}", r"x \ge 0", "y=2x+3", "x=5",
    r"5 \text{ cm}", r"\$18.90", r"50\%", r"45^\circ", r"\text{(C)}", "even", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "3+4i",
    r"\frac{\sqrt{3}}{2}", r"\ln 2", r"\sin^2 x", r"(-\infty,1)\cup(2,\infty)", "52_8", r"\binom{n}{2}", r"2^{64}", "|x|",
    r"x \equiv 3 \pmod 7", "2:3", r"\lfloor x \rfloor", r"e^{i\pi}", r"\mathbb{R}", "12:00",
]  # fmt: skip
PIECES = r"""
    \frac \dfrac \sqrt \sqrt[3] { } ( ) [ ] \{ \} \left( \right) \left[ \right] | \lvert \rvert ^ _ ^{ _{ + - * / \times \cdot \div
    = < > \le \ge \ne \in \cup \cap \setminus \pm \mp , ; : ! !! % \% \$ $ \text{ \text{cm} \text{and} or and x y n e i N E S \pi
    \infty \theta \sin \cos \tan \ln \log \log_2 \arcsin \max \gcd \binom \lfloor \rfloor \begin{pmatrix} \end{pmatrix}
    \begin{cases} \end{cases} & \\ \emptyset \mathbb{R} \circ ^\circ \bmod \pmod \equiv \approx \ldots ... \overline{3} \mid \boxed{
    \mathrm{e} \angle 0 1 2 7 19 100 1,000 0.5 .25 1e5 10^{9} 9^{9^9} 1000! 99999999999999999999 cm km degrees million − × √ ² ½
    π ∞ ≤ ３ ٣ é 漢 \x00 \ud800 ~ # @ ' " ` \quad \, \! \; ** __import__ None nan lambda
    """.split()  # noqa: SIM905


def random_text(draw: random.Random) -> str:
    kind = draw.random()
    if kind < 0.2:
        return draw.randbytes(draw.randrange(60)).decode("latin-1")
    if kind < 0.4:  # a gold with a piece changed
        text = draw.choice(GOLDS)
        at = draw.randrange(len(text) + 1)
        return text[:at] + draw.choice(["", draw.choice(PIECES)]) + text[at + draw.randrange(2) :]
    joined = draw.choice(["", " "]).join(draw.choice(PIECES) for _ in range(draw.randrange(1, 30)))
    text = joined.replace(r"\x00", "\x00").replace(r"\ud800", "\ud800")
    return text * draw.choice((1, 1, 1, 1, 30))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    args = parser.parse_args()
    draw = random.Random(args.seed)
    tasks = [MathTask(MathConfig(extraction=mode, form=form)) for mode in ("boxed", "lenient", "number") for form in ("any", "evaluated")]  # fmt: skip
    found: list[str] = []
    counts: Counter[str] = Counter()
    slowest, stop = 0.0, time.monotonic() + args.seconds
    while time.monotonic() < stop:
        text = random_text(draw)
        gold = text if draw.random() < 0.2 else draw.choice(GOLDS)
        response = draw.choice([rf"\boxed{{{text}}}", text, rf"so \boxed{{{text}}} or \boxed{{1}}"])
        begun = time.process_time()
        try:
            verdict = draw.choice(tasks).verify(
                Problem(id="p", prompt=[], data={"answer": gold}, split="test"),
                response,
                None,  # type: ignore[arg-type]
            )
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what we look for
            found.append(f"{type(error).__name__}: {error} for {gold!r} and {response!r}")
            continue
        seconds = time.process_time() - begun
        slowest = max(slowest, seconds)
        counts[verdict.status.value] += 1
        if seconds > BUDGET + 0.1:
            found.append(f"{seconds:.1f} s of CPU time for {gold!r} and {response!r}")
        if verdict.status in (Status.INFRASTRUCTURE_ERROR, Status.SCORED, Status.TIMEOUT):
            found.append(f"{verdict.status} for {gold!r} and {response!r}")
        if gold == text and response == text and verdict.status is Status.INCORRECT and readable(gold):
            counts["itself, read otherwise"] += 1
    for line in found[:20]:
        print(line)
    rows = [
        Row("inputs", sum(counts.values())),
        Row("found: raised, wrong statuses, over the budget", len(found), 0, 1.0 if not found else 0.0, 1.0),
        Row("slowest, seconds of CPU time", slowest, BUDGET + 0.1, (BUDGET + 0.1) / max(slowest, 1e-9), 1.0),
    ]
    rows += [Row(status, count) for status, count in counts.most_common()]
    print_rows("the math verifier under random input", rows)


def readable(gold: str) -> bool:
    try:
        return parse_gold(gold).kind != "text"
    except BadGold:
        return False


if __name__ == "__main__":
    main()
