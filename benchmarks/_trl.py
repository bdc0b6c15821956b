"""TRL, the peer of two benchmarks."""

from __future__ import annotations

import os
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def have_trl() -> bool:
    """Says in one sentence how to get it where it is missing."""
    found = find_spec("trl") is not None
    if not found:
        print(
            "TRL is not installed, so rows against it are left out: pip install --no-deps -r requirements/bench.txt",
            file=sys.stderr,
        )
    return found


def grpo_config(scratch: Path, rows: int, **options: Any) -> Any:
    """A GRPOConfig for float32 on a CPU that takes one optimiser step on `rows` samples, and writes and reports nothing.

    One update a batch, no reference model, no gradient checkpointing (TRL's default, which saves memory for time).
    """
    from trl import GRPOConfig

    return GRPOConfig(
        output_dir=str(scratch),
        use_cpu=True,
        bf16=False,
        fp16=False,
        gradient_checkpointing=False,
        shuffle_dataset=False,
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        **{"per_device_train_batch_size": rows, "gradient_accumulation_steps": 1, "beta": 0.0, **options},
    )


def quiet() -> None:
    """TRL's and transformers' notices are not ours to print between the rows of a table."""
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    warnings.simplefilter("ignore")
    import verirl.models

    verirl.models.quiet()
