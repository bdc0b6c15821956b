"""What every group of settings is made of."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Frozen, and a typo in it is an error; the docstrings of its fields are what `--help` shows."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
