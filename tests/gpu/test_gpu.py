"""On a GPU: reward rises, and sampler and learner agree. `make gpu-check` runs this; elsewhere it is skipped.

Each case is a `verirl train` of its own: vLLM's sleeping memory allows one engine in the life of a process.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from verirl.config import load_config
from verirl.runlog import read_jsonl

torch = pytest.importorskip("torch")
CONFIG = Path(__file__).parents[2] / "configs" / "gpu-check.toml"
COMMON = "--steps 20 --checkpoint.every 0 --eval.problems 64 --eval.samples 1"


@dataclass(frozen=True)
class Case:
    overrides: str
    package: str = "vllm"
    gpus: int = 1
    drift: float = 0.05  # nats, on average over tokens: bfloat16 in vLLM against bfloat16 products in the learner


CASES = {
    "hf": Case("--sampler.kind hf --model.dtype float32", package="transformers", drift=1e-3),
    "vllm-asleep": Case("--sampler.kind vllm --sampler.sleep True"),
    "vllm-awake": Case("--sampler.kind vllm --sampler.sleep False"),
    "float32-learner": Case("--sampler.kind vllm --model.dtype float32"),
    "process-ipc": Case("--sampler.kind vllm --sampler.process separate"),
    "process-ipc-asleep": Case("--sampler.kind vllm --sampler.process separate --sampler.sleep True"),
    "process-nccl": Case("--sampler.kind vllm --sampler.process separate --sampler.device 1", gpus=2),
    "off-policy": Case(
        "--sampler.kind vllm --sampler.process separate --rollout.off_policy --loss.importance_cap 2", drift=0.3
    ),
    "lora": Case("--sampler.kind vllm --model.lora_rank 16 --optimizer.learning_rate 1e-4", package="peft"),
    "adamw-8bit": Case("--sampler.kind vllm --optimizer.kind adamw_8bit", package="bitsandbytes"),
    "gradient-checkpointing": Case("--sampler.kind vllm --model.gradient_checkpointing"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_overrides_are_valid(case: Case) -> None:
    assert load_config(CONFIG, f"{COMMON} {case.overrides}".split()).steps == 20


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_reward_rises_and_sampler_and_learner_agree(case: Case, tmp_path: Path) -> None:
    needed = {case.package, "vllm"} if "--sampler.kind vllm" in case.overrides else {case.package}
    missing = [package for package in sorted(needed) if find_spec(package) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    if torch.cuda.device_count() < case.gpus:
        pytest.skip(f"needs {case.gpus} GPUs")
    words = f"{COMMON} {case.overrides} --runs_dir {tmp_path}".split()
    verirl = Path(sys.executable).with_name("verirl")
    command = [verirl, "train", CONFIG, "--name", "run", *words]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-4000:]
    steps = read_jsonl(tmp_path / "run" / "metrics.jsonl")
    first = sum(step["pass_rate"] for step in steps[:3]) / 3
    last = sum(step["pass_rate"] for step in steps[-3:]) / 3
    print(f"pass rate {first:.2f} -> {last:.2f}, drift {max(step['drift_mean'] for step in steps):.1e}, "
          f"GPU {max(step.get('gpu_peak_gib', 0.0) for step in steps):.1f} GiB")  # fmt: skip
    assert last > first + 0.1
    assert max(step["drift_mean"] for step in steps) < case.drift
