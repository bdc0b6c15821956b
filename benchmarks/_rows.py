"""How every benchmark prints: a table, or with --json one object a line."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """`ratio` says how many times better ours is; `target` None: the row only informs."""

    name: str
    ours: float
    peer: float | None = None
    ratio: float | None = None
    target: float | None = None

    @property
    def holds(self) -> bool | None:
        return None if self.target is None or self.ratio is None else self.ratio >= self.target


def print_rows(title: str, rows: list[Row]) -> None:
    if "--json" in sys.argv:
        for row in rows:
            print(json.dumps({**asdict(row), "holds": row.holds}))
        return
    table = Table("what", "ours", "peer", "ratio", "target", "holds", title=title)
    for row in rows:
        numbers = ["" if value is None else f"{value:.3g}" for value in (row.ours, row.peer, row.ratio, row.target)]
        table.add_row(row.name, *numbers, {None: "", True: "yes", False: "NO"}[row.holds])
    Console(width=None if sys.stdout.isatty() else 140).print(table)
