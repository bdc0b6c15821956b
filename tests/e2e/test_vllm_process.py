"""vLLM in a process of its own, really run: samples, weight loads and their check, stops, and its end."""

from __future__ import annotations

import gc
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from builders import make_learner, plain_logprobs, run_config
from verirl.config import RunConfig
from verirl.errors import SamplerError, StaleWeightsError
from verirl.learner import TorchLearner
from verirl.samplers import make_sampler
from verirl.types import Request, Trajectory

if find_spec("vllm") is None:  # importorskip would import it, before its settings are made
    pytest.skip("vLLM is not installed", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore")  # vLLM's and its dependencies' own, from many places

PATIENCE = 60  # seconds until a process that must end counts as one that does not


def config_for(model: Path) -> RunConfig:
    return run_config(model, sampler={"kind": "vllm", "process": "separate", "max_num_seqs": 32, "memory_gib": 0.25})


def start(model: Path) -> Any:
    return make_sampler(config_for(model), str(model), 128)


@pytest.fixture(scope="module")
def engine(sharp_model: Path) -> Iterator[Any]:
    holder = [start(sharp_model)]
    yield holder[0]
    holder.clear()
    gc.collect()


@pytest.fixture
def learner(sharp_model: Path, tmp_path: Path) -> TorchLearner:
    return make_learner(config_for(sharp_model), tmp_path / "none")


@pytest.fixture
def sampler(engine: Any, learner: TorchLearner) -> Any:
    """The engine, with the start model's weights, whatever was in it before."""
    engine.load(learner.weights(), version=0)
    return engine


def requests(count: int = 12, max_tokens: int = 12) -> list[Request]:
    draw = random.Random(0)
    return [
        Request(
            prompt_ids=[draw.randrange(3, 90) for _ in range(draw.randint(1, 40))],
            max_tokens=max_tokens,
            seed=100 + number,
        )
        for number in range(count)
    ]


def drawn(sampler: Any, asked: Sequence[Request]) -> list[Trajectory]:
    found = sorted(sampler.sample(asked), key=lambda trajectory: trajectory.request)
    assert [trajectory.request for trajectory in found] == list(range(len(asked)))
    return found


def drift(learner: TorchLearner, trajectories: Sequence[Trajectory]) -> float:
    return max(
        float((torch.tensor(t.logprobs) - plain_logprobs(learner.model, t.prompt_ids, t.token_ids)).abs().max())
        for t in trajectories
    )


def change(learner: TorchLearner, size: float = 0.02) -> None:
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in learner.model.parameters():
            parameter += size * torch.randn(parameter.shape, generator=generator)


def engine_process() -> psutil.Process:
    """The youngest child that is an engine core; the fork server's and resource tracker's processes are none."""
    found = [child for child in psutil.Process().children(recursive=True) if "EngineCore" in " ".join(child.cmdline())]
    return max(found, key=lambda child: child.create_time())


def test_it_runs_in_another_process(sampler: Any) -> None:
    assert engine_process().is_running()
    assert "Inproc" not in type(sampler.llm.llm_engine.engine_core).__name__


def test_new_weights_take_effect(sampler: Any, learner: TorchLearner) -> None:
    asked = requests()
    old = drawn(sampler, asked)
    assert drift(learner, old) < 1e-4
    change(learner)
    assert drift(learner, drawn(sampler, asked)) > 1e-2  # so large would it be if the load did nothing
    sampler.load(learner.weights(), version=5)
    new = drawn(sampler, asked)
    assert drift(learner, new) < 1e-4
    assert [t.token_ids for t in new] != [t.token_ids for t in old]
    assert {version for trajectory in new for version in trajectory.policy_versions} == {5}


def test_a_caller_that_stops_early_leaves_nothing_behind(sampler: Any) -> None:
    asked = requests(count=6)
    expected = [trajectory.token_ids for trajectory in drawn(sampler, asked)]
    samples = sampler.sample(requests(count=20, max_tokens=60))
    next(samples)
    samples.close()
    assert not sampler.llm.llm_engine.has_unfinished_requests()
    assert [trajectory.token_ids for trajectory in drawn(sampler, asked)] == expected


Transfer = Callable[[Mapping[str, torch.Tensor]], None]


def nothing(transfer: Transfer, weights: Mapping[str, torch.Tensor]) -> None: ...


def lossy(transfer: Transfer, weights: Mapping[str, torch.Tensor]) -> None:
    transfer({name: tensor for name, tensor in weights.items() if "layers.1.self_attn.o_proj" not in name})


def bent(transfer: Transfer, weights: Mapping[str, torch.Tensor]) -> None:
    """One number, in its last places: a packed layer's output hardly shows it, the file's fingerprint does."""
    name = "model.layers.1.mlp.up_proj.weight"
    tensor = weights[name].clone()
    tensor[3, 5] *= 1.0001
    transfer({**weights, name: tensor})


@pytest.mark.parametrize("wrong", [nothing, lossy, bent])
def test_weights_that_are_not_the_learners_are_noticed(
    wrong: Callable[..., None], sampler: Any, learner: TorchLearner, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(learner, size=1e-4)
    transfer = sampler._transfer
    monkeypatch.setattr(sampler, "_transfer", lambda weights: wrong(transfer, weights))
    with pytest.raises(StaleWeightsError, match="version 9"):
        sampler.load(learner.weights(), version=9)
    assert sampler.version == 0


def test_ctrl_c_is_left_to_the_learner(sampler: Any) -> None:
    """A terminal sends it to both, and the learner finishes its step first, which ends in a load."""
    expected = [trajectory.token_ids for trajectory in drawn(sampler, requests())]
    engine_process().send_signal(signal.SIGINT)
    time.sleep(0.2)
    assert [trajectory.token_ids for trajectory in drawn(sampler, requests())] == expected


def test_it_does_not_outlive_a_learner_that_is_killed(sharp_model: Path, tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys, time
            from pathlib import Path
            sys.path[:0] = {[str(Path(__file__).parents[1]), str(Path(__file__).parent)]!r}

            if __name__ == "__main__":
                from test_vllm_process import engine_process, start
                sampler = start(Path({str(sharp_model)!r}))
                print(engine_process().pid, flush=True)
                time.sleep(600)
            """
        )
    )
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as run:
        assert run.stdout is not None
        engine = psutil.Process(int(run.stdout.readline()))
        processes = [engine, *engine.children(recursive=True)]
        run.kill()
        assert psutil.wait_procs(processes, PATIENCE)[1] == []


def test_the_end_of_its_process_is_one_sentence(sampler: Any, learner: TorchLearner) -> None:
    """The last test with this engine."""
    samples = sampler.sample(requests(count=20, max_tokens=80))
    next(samples)
    engine_process().kill()
    with pytest.raises(SamplerError, match=r"^vLLM's process has ended .*--resume"):
        list(samples)  # without a word from us it would wait for ever
    with pytest.raises(SamplerError, match=r"^vLLM's process has ended"):
        sampler.load(learner.weights(), version=1)
