"""Reads GSM8K, MATH, MATH-500 and JSONL files into rows of questions and answers. No question is in two splits."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from verirl.errors import DataError
from verirl.types import SPLITS, Split
from verirl_tasks.jsonl import read_jsonl

_FIELDS = "`question` and `answer`"

VALIDATION = 500  # problems cut from the train splits of GSM8K and MATH, which have no validation split of their own
_MATH_SUBJECTS = (
    "algebra",
    "counting_and_probability",
    "geometry",
    "intermediate_algebra",
    "number_theory",
    "prealgebra",
    "precalculus",
)
_HUB: dict[str, tuple[str, tuple[str | None, ...]]] = {  # hub id and configs
    "gsm8k": ("openai/gsm8k", ("main",)),
    "math500": ("HuggingFaceH4/MATH-500", (None,)),
    "math": ("EleutherAI/hendrycks_math", _MATH_SUBJECTS),
}


@dataclass(frozen=True)
class Row:
    id: str
    question: str
    answer: str
    split: Split
    solution: str = ""
    tags: tuple[str, ...] = ()


def load_rows(data: str, path: str | None) -> list[Row]:
    """All rows of `gsm8k`, `math500`, `math` (or their hub ids), or the JSONL file that `data` names. Raises DataError."""
    data = next((short for short, (name, _) in _HUB.items() if name == data), data)
    if data == "gsm8k":
        return _gsm8k(path)
    if data == "math":
        return _cut_validation(_math("train", path), _math("test", path))
    if data == "math500":
        return [
            Row(
                id=f"math500-{index}",
                question=_text(row, "problem", where),
                answer=_text(row, "answer", where),
                split="test",
                solution=str(row.get("solution", "")),
                tags=tuple(f"{key}-{row[key]}".lower().replace(" ", "-") for key in ("subject", "level") if key in row),
            )
            for index, (where, row) in enumerate(_source("math500", "test", path))
        ]
    return _jsonl(Path(data))


def _gsm8k(path: str | None) -> list[Row]:
    def rows(name: Split) -> list[Row]:
        found = []
        for index, (where, row) in enumerate(_source("gsm8k", name, path)):
            solution, marker, answer = _text(row, "answer", where).rpartition("####")
            if not marker:
                raise DataError(f"{where}: the answer has no `#### N` at its end; GSM8K's answers do.")
            solution = re.sub(r"<<[^<>]*>>", "", solution).strip()  # the annotations of its calculator
            answer = answer.strip().replace(",", "")
            found.append(Row(f"gsm8k-{name}-{index}", _text(row, "question", where), answer, name, solution))
        return found

    return _cut_validation(rows("train"), rows("test"))


def _math(name: Split, path: str | None) -> list[Row]:
    """MATH's answers stand in the last box of the solution. A question that is there twice is kept once."""
    found: dict[bytes, Row] = {}
    for index, (where, row) in enumerate(_source("math", name, path)):
        question, solution = _text(row, "problem", where), _text(row, "solution", where)
        answer = last_boxed(solution)
        if not answer:
            raise DataError(f"{where}: the solution has no \\boxed{{answer}}; MATH's solutions do.")
        kept = (("subject-", "type"), ("", "level"))  # as MATH-500 has them: subject-algebra, level-5
        tags = tuple(f"{prefix}{row[field]}".lower().replace(" ", "-") for prefix, field in kept if field in row)
        found.setdefault(_key(question), Row(f"math-{name}-{index}", question, answer, name, solution, tags))
    return list(found.values())


def last_boxed(solution: str) -> str | None:
    """What the last \\boxed or \\fbox holds; braces are counted, escaped ones are not. None: there is none, or it has no
    end."""
    starts = list(re.finditer(r"\\(?:boxed|fbox)(?![a-zA-Z])\s*", solution))
    if not starts:
        return None
    place = starts[-1].end()
    if solution[place : place + 1] != "{":  # \boxed 4
        bare = re.match(r"[^$\s]+", solution[place:])
        return bare[0].rstrip(".,") if bare else None
    depth = 0
    for match in re.finditer(r"\\.|[{}]", solution[place:], re.DOTALL):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return solution[place + 1 : place + match.start()].strip()
    return None


def _cut_validation(train: list[Row], test: list[Row]) -> list[Row]:
    """Some of the training rows for validation, the same ones always. A training question that is in test leaves."""
    held_out = {_key(row.question) for row in test}
    ranked = sorted((row for row in train if _key(row.question) not in held_out), key=lambda r: _key(r.question))
    held_out = {_key(row.question) for row in ranked[:VALIDATION]}
    return test + [_moved(row, "validation") if _key(row.question) in held_out else row for row in ranked]


def _moved(row: Row, split: Split) -> Row:
    return Row(row.id, row.question, row.answer, split, row.solution, row.tags)


def _key(question: str) -> bytes:
    """The same for questions that differ in blanks and capitals only; its order is as good as random."""
    return hashlib.blake2b("".join(question.lower().split()).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _jsonl(path: Path) -> list[Row]:
    """Lines with `question` and `answer`, and `split` where the author cares; else 80/10/10 by the question's hash."""
    rows: dict[bytes, tuple[str, Row]] = {}
    for where, line in read_jsonl(path, _FIELDS):
        question, answer = _text(line, "question", where), _text(line, "answer", where)
        key = _key(question)
        split = line.get("split")
        if split is None:
            split = {8: "validation", 9: "test"}.get(int.from_bytes(key[:8]) % 10, "train")
        if split not in SPLITS:
            raise DataError(f"{where}: split {split!r} is none of train, validation and test.")
        row = Row(f"{path.stem}-{key.hex()[:16]}", question, answer, cast(Split, split))
        first_where, first = rows.setdefault(key, (where, row))
        if (first.answer, first.split) != (row.answer, row.split):
            raise DataError(
                f"{where}: the question of {first_where} again, with another answer or split; remove one of the two."
            )
    if not rows:
        raise DataError(f"{path}: it has no lines; write one JSON object with `question` and `answer` per line.")
    return [row for _, row in rows.values()]


def _text(row: Mapping[str, Any], field: str, where: str) -> str:
    value = row.get(field)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise DataError(f"{where}: `{field}` is missing or is no text; each line needs a question and its answer.")
    return value


def _source(data: str, split: str, path: str | None) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(place, row) of a public data set: from `path`, else from the folder VERIRL_DATA, else from the hub."""
    if path is not None:
        place = Path(path)
        return read_jsonl(place / f"{split}.jsonl" if place.is_dir() else place, _FIELDS)
    if root := os.environ.get("VERIRL_DATA"):
        return read_jsonl(Path(root) / data / f"{split}.jsonl", _FIELDS)
    return _from_hub(data, split)


def _from_hub(data: str, split: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    name, subsets = _HUB[data]
    try:
        from datasets import load_dataset

        loaded = [(subset, load_dataset(name, subset, split=split)) for subset in subsets]
    except Exception as error:  # noqa: BLE001  # offline, blocked, renamed: the hub client raises many things
        first = (str(error).splitlines() or [""])[0]
        raise DataError(
            f"{name} could not be had from the Hugging Face hub ({type(error).__name__}: {first}); download it and set "
            f"task.config.path to the folder with {split}.jsonl, or VERIRL_DATA to the folder above {data}/."
        ) from None
    return (
        (f"{name} {subset or ''} {split} row {index}".replace("  ", " "), row)
        for subset, rows in loaded
        for index, row in enumerate(rows)
    )
