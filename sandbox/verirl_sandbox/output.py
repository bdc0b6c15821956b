"""What an untrusted process writes: counted, kept up to a cap, and never a reason to grow."""

from __future__ import annotations

import os
from collections.abc import Sequence

from verirl_sandbox.results import Limits

READ_BYTES = 1 << 16


class Outputs:
    """The reading ends of its standard output and error. `kept`: of each, what fits `limits.output_kib`. `total`: of both,
    in bytes, all that came."""

    def __init__(self, descriptors: Sequence[int], limits: Limits) -> None:
        self.kept = {descriptor: bytearray() for descriptor in descriptors}
        self.total = 0
        self._cap = limits.output_kib << 10
        self._flood = limits.flood_mib << 20

    def read(self, descriptor: int) -> bool:
        """One part of what there is; False where the other end is closed."""
        part = os.read(descriptor, READ_BYTES)
        kept = self.kept[descriptor]
        kept += part[: max(self._cap - len(kept), 0)]
        self.total += len(part)
        return bool(part)

    @property
    def flooded(self) -> str:
        """What was passed, in words; "" where nothing was."""
        return f"more than {self._flood >> 20} MiB on stdout and stderr" if self.total > self._flood else ""


def last_line(text: bytes) -> str:
    """Of what a process wrote that would not start: where Python, and most programs, say why."""
    return (text.decode("utf-8", "replace").strip().splitlines() or ["it wrote nothing"])[-1][:300]
