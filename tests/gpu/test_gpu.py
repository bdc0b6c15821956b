"""On a GPU: reward rises, and sampler and learner agree. `make gpu-check` runs this; elsewhere it is skipped."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from verirl.config import load_config
from verirl.runlog import open_run, read_jsonl
from verirl.session import Session
from verirl.train import train

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"),
    pytest.mark.filterwarnings("ignore"),
]
ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("kind", ["hf", "vllm"])
def test_reward_rises_and_sampler_and_learner_agree(kind: str, tmp_path: Path) -> None:
    if kind == "vllm" and find_spec("vllm") is None:  # importing it would come before its settings
        pytest.skip("vLLM is not installed")
    overrides = ["--sampler.kind", kind, "--steps", "20", "--checkpoint.every", "0"]
    config = load_config(ROOT / "configs" / "gpu-check.toml", overrides)
    session = Session(config)
    with session.open_pool() as pool:
        learner, sampler = session.learner(tmp_path / "run" / "checkpoints"), session.sampler()
        log = open_run(tmp_path / "run", config, resume=False)
        train(config, session.problems("train"), sampler, session.reward(pool), learner, session.encode, log)
    steps = read_jsonl(tmp_path / "run" / "metrics.jsonl")
    first = sum(step["pass_rate"] for step in steps[:3]) / 3
    last = sum(step["pass_rate"] for step in steps[-3:]) / 3
    assert last > first + 0.1
    # bfloat16 in vLLM against float32 in the learner; HF generate is float32 on both sides.
    assert max(step["drift_mean"] for step in steps) < (0.05 if kind == "vllm" else 1e-3)
