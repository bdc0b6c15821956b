"""Files of JSON lines that people bring, plain or gzipped."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from verirl.errors import DataError


def read_jsonl(path: Path, fields: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Where it stands, and the object, of each line. `fields`: those that are expected, for people. Raises DataError."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; give the path of a JSONL file with {fields}.") from None
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as UTF-8 text ({error}).") from None
    for number, line in enumerate(text.split("\n"), 1):  # not splitlines: U+2028 may stand inside a JSON string
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: not valid JSON ({error}); write one JSON object per line.") from None
        if not isinstance(row, dict):
            raise DataError(f"{where}: not a JSON object; write one object with {fields} per line.")
        yield where, row
