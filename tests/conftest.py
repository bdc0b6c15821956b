"""The models that tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from verirl.tiny import make_tiny_model

collect_ignore = ["example_plugin"]  # a package of its own, which test_scaffold.py builds, installs and runs


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def sharp_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half the size, and not evenly random: what it says of a token depends on the tokens before it."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "sharp", seed=1, hidden=32, spread=0.2)
