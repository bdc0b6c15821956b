"""Seeded pairs of a gold answer and a model-like response, each labelled by how it was made: equal, different or unknown.

The golds are of our own making (`mathgen`), and those of MATH-500 and GSM8K where VERIRL_DATA names them; these are only
read, never stored. As a script: how many there are, and with --differential every disagreement with Math-Verify.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mathgen import GOLDS, Answer, Draw, Gold
from mathgen.responses import WRAPPINGS, wrap

SEED = 20250
COUNT = 6_000


@dataclass(frozen=True)
class Pair:
    """`same` None: a matter of policy. `worked_out`: the answer leaves nothing to evaluate. `kind`, `change` and
    `wrapping` name the gold, what was done to it, and what was written around it."""

    gold: str
    answer: str
    response: str
    same: bool | None
    worked_out: bool
    source: str
    kind: str
    change: str
    wrapping: str


def pairs(seed: int = SEED, count: int = COUNT, data: bool = True) -> list[Pair]:
    """`count` different pairs, of which two in five have golds of MATH-500 and GSM8K, if `data` and VERIRL_DATA is set."""
    draw = random.Random(seed)
    sources: list[tuple[str, Iterator[tuple[Gold, Answer]], int]] = [("own", _own(draw), 3)]
    if data and (rows := _data_golds()):
        sources += [(name, _rewritten(draw, golds), 1) for name, golds in rows.items()]
    names = [index for index, (_, _, weight) in enumerate(sources) for _ in range(weight)]
    found: dict[tuple[str, str], Pair] = {}
    while len(found) < count:
        source, made, _ = sources[names[len(found) % len(names)]]
        gold, answer = next(made)
        if answer.text == gold.text and answer.change != "itself":
            continue  # the change changed nothing
        wrapping = draw.choice(list(WRAPPINGS))
        response = wrap(draw, answer.text, wrapping, draw.randrange(6))
        found.setdefault(
            (gold.text, answer.text),
            Pair(
                gold=gold.text,
                answer=answer.text,
                response=response,
                same=answer.same,
                worked_out=answer.worked_out,
                source=source,
                kind=gold.kind,
                change=answer.change,
                wrapping=wrapping,
            ),
        )
    return list(found.values())


def _own(draw: Draw) -> Iterator[tuple[Gold, Answer]]:
    while True:
        gold = draw.choice(GOLDS)(draw)
        gold.same(itself=gold.text)
        for answer in draw.sample(gold.answers, min(6, len(gold.answers))):
            yield gold, answer


def _data_golds() -> dict[str, list[str]]:
    """The different golds of the public sets; nothing where VERIRL_DATA is not set."""
    import os

    if not os.environ.get("VERIRL_DATA"):
        return {}
    from verirl_tasks.math.datasets import load_rows

    return {name: list(dict.fromkeys(row.answer for row in load_rows(name, None))) for name in ("math500", "gsm8k")}


def _rewritten(draw: Draw, golds: Sequence[str]) -> Iterator[tuple[Gold, Answer]]:
    shuffled = draw.sample(golds, len(golds))
    while True:
        for text in shuffled:
            gold = Gold(
                "text" if r"\text" in text or r"\mbox" in text else "number" if _whole(text) else "formula", text
            )
            gold.same(itself=text, **{name: rule(text) for name, rule in REWRITES.items()})
            gold.other(**{name: found for name, rule in BREAKS.items() if (found := rule(text)) is not None})
            if _whole(text):
                gold.policy(percent=rf"{text}\%")
            wrong = draw.choice(golds)
            if _whole(text) and _whole(wrong) and int(text) != int(wrong):
                gold.other(another=wrong)
            else:
                gold.policy(another=wrong)
            answers = [answer for answer in gold.answers if answer.text != text or answer.change == "itself"]
            for answer in draw.sample(answers, min(4, len(answers))):
                yield gold, answer


def _whole(text: str) -> bool:
    return re.fullmatch(r"-?[0-9]+", text) is not None


def _outside_text(text: str, change: Callable[[str], str]) -> str:
    r"""The change made everywhere but in \text{...} and its like."""
    parts = re.split(r"(\\(?:text|mbox|mathrm|textbf)\s?\{[^{}]*\})", text)
    return "".join(part if index % 2 else change(part) for index, part in enumerate(parts))


def _grouped(text: str) -> str:
    return f"{int(text):,}" if _whole(text) else text


REWRITES: dict[str, Callable[[str], str]] = {
    "dfrac": lambda text: re.sub(r"\\[dt]?frac(?![a-z])", r"\\dfrac", text),
    "tfrac": lambda text: re.sub(r"\\[dt]?frac(?![a-z])", r"\\tfrac", text),
    "sized": lambda text: text if r"\left" in text else _sized(text),
    "spaces": lambda text: _outside_text(text, lambda part: re.sub(r"([+=])", r" \1 ", part)),
    "no spaces": lambda text: _outside_text(text, lambda part: re.sub(r"(?<![a-zA-Z\\!]) | (?![a-zA-Z])", "", part)),
    "braces": lambda text: text if "," in text else f"{{{text}}}",
    "dollars": lambda text: f"${text}$",
    "thin": lambda text: rf"\,{text}\!",
    "displaystyle": lambda text: rf"\displaystyle {text}",
    "final dot": lambda text: f"{text}.",
    "circ": lambda text: re.sub(r"\^\\circ", r"^{\\circ}", text),
    "commas": _grouped,
    "point zero": lambda text: f"{text}.00" if _whole(text) else text,
    "assigned": lambda text: f"n = {text}" if _whole(text) else text,
    "roots": lambda text: re.sub(r"\\sqrt\{([0-9])\}", r"\\sqrt\1", text),
    "pi": lambda text: re.sub(r"\\pi(?![a-z])", "π", text),
    "infinity": lambda text: re.sub(r"(?<![-+])\\infty", r"+\\infty", text),
    "minus": lambda text: text.replace("-", "−"),
}


def _sized(text: str) -> str:
    return (
        _outside_text(text, lambda part: part.replace("(", r"\left(").replace(")", r"\right)"))
        if _paired(text)
        else text
    )


def _paired(text: str) -> bool:
    """Every parenthesis has its partner, of the same kind and in the same piece: no half-open interval."""
    return text.count("(") == text.count(")") and not re.search(r"[\[\]]", text) and r"\text" not in text


def _negated(text: str) -> str | None:
    if re.search(r"[,=&{]|\\text|\\pm|\\in|\\cup|^0$|[a-z] [-+]|[0-9] [-+]", text):
        return None
    return text[1:] if text.startswith("-") else f"-{text}"


def _last_digit(text: str) -> str | None:
    number = re.search(r"[0-9]+", text)
    if number is None:
        return None
    last = number.end() - 1
    return f"{text[:last]}{1 + int(text[last]) % 9}{text[last + 1 :]}"


def _dropped(text: str) -> str | None:
    """Without the last of the members that commas part."""
    match = re.fullmatch(r"(\\left\(|\()?([^()\[\]{}]*),([^()\[\]{}]*?)(\\right\)|\))?", text)
    if match is None or re.search(r"[0-9],(?:\\!)?\s?[0-9]{3}", text):
        return None
    return f"{match[1] or ''}{match[2]}{match[4] or ''}"


BREAKS: dict[str, Callable[[str], str | None]] = {
    "sign": _negated,
    "last digit": _last_digit,
    "dropped": _dropped,
    "one more": lambda text: str(int(text) + 1) if _whole(text) else None,
    "tenfold": lambda text: f"{text}0" if _whole(text) and text != "0" else None,
    "or": lambda text: rf"{text} \text{{ or }} {int(text) + 3}" if _whole(text) else None,
    "variable": lambda text: f"{text}k" if _whole(text) else None,
    "empty": lambda text: r"\text{none of these}",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--differential", action="store_true", help="compare with Math-Verify, which must be installed")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=COUNT)
    options = parser.parse_args()
    made = pairs(options.seed, options.count)
    if options.differential:
        from math_oracle import print_differential

        print_differential(made)
        return
    for name in ("source", "same", "wrapping", "kind"):
        print(f"{name:10}", dict(Counter(getattr(pair, name) for pair in made).most_common()))


if __name__ == "__main__":
    main()
