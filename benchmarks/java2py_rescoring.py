"""Are verdicts the same again? 1,000 stored answers to `verirl score java2py`, several times, with other numbers of workers.

The answers are right and wrong: the corpus's references, the references with one piece changed, and those of another method.
Everything but `seconds` is compared. Needs a JDK (what the Java does is recorded first, once).

    python benchmarks/java2py_rescoring.py [--answers N]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from _rows import Row, print_rows

from verirl_tasks.java2py import corpus
from verirl_tasks.java2py.mutate import python_mutants
from verirl_tasks.java2py.prompt import answer

WORKERS = (1, 2, 4, 2)  # of each run


def stored(count: int) -> list[dict[str, Any]]:
    """A line each for `score`."""
    entries = [entry for entry in corpus.entries() if entry.python]
    changed = {entry.name: [mutant.source for mutant in python_mutants(entry.python, 4)] for entry in entries}
    lines = []
    for number in range(count):
        turn, place = divmod(number, len(entries))
        entry = entries[place]
        codes = [entry.python, *changed[entry.name], entries[place - 1].python]
        problem = {"java": entry.java, "method": entry.method}
        lines.append({"id": str(number), "problem": problem, "response": answer(codes[turn % len(codes)])})
    return lines


def score(file: Path, workers: int) -> list[dict[str, Any]]:
    """The verdicts, without their seconds."""
    out = file.with_name("verdicts.jsonl")
    command = [sys.executable, "-m", "verirl.cli", "score", "java2py", str(file), "-o", str(out)]
    subprocess.run([*command, "--workers", str(workers)], check=True, stdout=subprocess.DEVNULL)
    verdicts = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    for verdict in verdicts:
        del verdict["seconds"]
    return verdicts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=1000)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "answers.jsonl")
        file.write_text("".join(json.dumps(line) + "\n" for line in stored(options.answers)), encoding="utf-8")
        first, *others = [score(file, workers) for workers in WORKERS]
    differ = sum(any(run[index] != verdict for run in others) for index, verdict in enumerate(first))
    counted = Counter(verdict["status"] for verdict in first)
    rows = [
        Row(
            f"verdicts of {len(first)} answers that differ between {len(WORKERS)} runs with {WORKERS} workers",
            differ,
            0,
            float(differ == 0),
            1.0,
        ),
        *(Row(f"answers that are {status}", number) for status, number in counted.most_common()),
    ]
    print_rows("Java to Python, scored again", rows)


if __name__ == "__main__":
    main()
