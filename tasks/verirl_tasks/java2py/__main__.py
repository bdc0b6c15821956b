"""How strong the inputs of the corpus's methods are; `--write` measures it where the table lacks it or is of another Java.

python -m verirl_tasks.java2py [--write | --python N] [NAME ...]
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from verirl_tasks.java2py import corpus, strength
from verirl_tasks.java2py.oracle import Oracle, Pool, Wanted

if TYPE_CHECKING:
    from verirl_sandbox import Sandbox


def write(names: Sequence[str], sandbox: Sandbox) -> None:
    """Measures the methods of the corpus with these names, or all that the table lacks, and puts them there."""
    oracle = Oracle()
    every = corpus.entries()
    entries = [
        entry for entry in every if (entry.name in names if names else not strength.of(entry.java, entry.method))
    ]
    rows = json.loads(strength.TABLE.read_text(encoding="utf-8")) if strength.TABLE.exists() else {}
    rows = {entry.name: rows[entry.name] for entry in every if entry.name in rows}
    pools: tuple[Pool, ...] = ("training", "evaluation")
    for start in range(0, len(entries), strength.BATCH):
        some = entries[start : start + strength.BATCH]
        began = time.perf_counter()
        wanted = [Wanted(entry.java, entry.method, pool) for entry in some for pool in pools]
        oracle.prepare(wanted, sandbox)
        recorded = time.perf_counter()
        found = dict(zip(wanted, strength.measure(wanted, oracle, sandbox), strict=True))
        for entry in some:
            both = {pool: found[Wanted(entry.java, entry.method, pool)] for pool in pools}
            if all(both.values()):
                rows[entry.name] = {"hash": strength.content(entry.java, entry.method)} | {
                    pool: dataclasses.asdict(one) for pool, one in both.items() if one
                }
        seconds = recorded - began, time.perf_counter() - recorded
        print(
            f"{start + len(some)} of {len(entries)}: recording {seconds[0]:.1f} s, mutants {seconds[1]:.1f} s",
            flush=True,
        )
        lines = [f"{json.dumps(name)}:{json.dumps(row, separators=(',', ':'))}" for name, row in sorted(rows.items())]
        strength.TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def show() -> None:
    """The table, for people."""
    if not strength.table():
        print(f"{strength.TABLE.name} is missing: make it with --write.")
        return
    for pool in ("training", "evaluation"):
        found = [row[pool] for row in strength.table().values()]
        rates = sorted(one.rate for one in found)
        print(
            f"{pool}: {len(found)} methods, {sum(one.mutants for one in found)} mutants, "
            f"{sum(one.equivalent for one in found)} equivalent; one verification kills {rates[0]:.1%} at least, "
            f"{rates[len(rates) // 2]:.1%} in the median; {sum(one.strong for one in found)} are strong; "
            f"{sum(len(one.added) for one in found)} inputs added."
        )
    for entry in corpus.entries():
        row = strength.table().get(strength.content(entry.java, entry.method))
        if row is None:
            print(f"{entry.name}: not in the table")
        elif not all(one.strong for one in row.values()):
            print(
                f"{entry.name}: " + ", ".join(f"{p} {one.rate:.1%} (stubs {one.stubs:.0%})" for p, one in row.items())
            )


def show_python(names: Sequence[str], most: int, sandbox: Sandbox) -> None:
    """What verifications do with mutants of the references, and with stubs. Those that are never wrong are equivalent, or as
    good as."""
    oracle = Oracle()
    for entry in corpus.entries():
        if not entry.python or (names and entry.name not in names):
            continue
        item = Wanted(entry.java, entry.method, "evaluation")
        oracle.prepare([item], sandbox)
        strength.prepare([item], oracle, sandbox, compute=False)
        recording = strength.load(item, oracle)
        assert recording is not None
        found = strength.python_survivors(entry.python, recording, sandbox, most)
        alive = [one for one in found if one.pool > 0]
        passed = sum(one.passed for one in alive) / len(alive) if alive else 0.0
        print(
            f"{entry.name}: {len(found)} programs, {len(found) - len(alive)} never wrong, the others pass {passed:.2%} "
            "of draws",
            flush=True,
        )
        for one in alive:
            if one.passed > 1 - strength.ENOUGH:
                print(f"    {one.mutant.kind}, {one.mutant.what}: wrong on {one.pool:.2%}, passes {one.passed:.0%}")


def main() -> None:
    from verirl_sandbox import Sandbox

    parser = argparse.ArgumentParser(
        "python -m verirl_tasks.java2py", description="The strength of the corpus's inputs, by mutants."
    )
    parser.add_argument(
        "--write", action="store_true", help="measure what strength.json lacks, or the names (needs a JDK)"
    )
    parser.add_argument("--python", type=int, metavar="N", help="try N mutants of each reference, and stubs (slow)")
    parser.add_argument("names", nargs="*", help="of the corpus; without any all are measured")
    options = parser.parse_args()
    if options.write:
        with Sandbox(1) as sandbox:
            write(options.names, sandbox)
        strength.table.cache_clear()
    elif options.python:
        with Sandbox(1) as sandbox:
            show_python(options.names, options.python, sandbox)
        return
    show()


if __name__ == "__main__":
    main()
