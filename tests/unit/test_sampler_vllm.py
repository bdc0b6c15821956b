"""What of the vLLM sampler needs no vLLM: when it sleeps, in which order it wakes, and what tells weights apart."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import torch

from builders import problem, run_config, verdict
from verirl.config import RunConfig, load_config
from verirl.errors import ConfigError, SamplerError, StaleWeightsError
from verirl.runlog import RunLog
from verirl.samplers.receiver import plain_handle, rebuilt_handle
from verirl.samplers.scripted import ScriptedSampler
from verirl.samplers.staleness import Fingerprint, buffer_fingerprints, fingerprint, stale_weights
from verirl.samplers.vllm import VllmSampler, engine_options, sleeps
from verirl.train import train
from verirl.types import Batch, Problem, Request, Trajectory, Verdict

WEIGHTS = [("w", torch.ones(2))]


class Recorder:
    """Stands for vLLM's `LLM` on a GPU, which alone can sleep: it notes the calls, and answers as told."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.calls: list[str] = []
        self.answers: dict[str, list[Any]] = {"verirl_stale": [[]], "verirl_buffers": [{"rotary": 1}]}

    def collective_rpc(self, method: str, args: tuple[Any, ...] = ()) -> list[Any]:
        self.calls.append(method.removeprefix("verirl_"))
        answers = self.answers.get(method, [None])
        return [answers.pop(0) if len(answers) > 1 else answers[0]]

    def sleep(self, level: int) -> None:
        self.calls.append(f"sleep {level}")

    def wake_up(self, tags: list[str]) -> None:
        self.calls.append(f"wake {' '.join(tags)}")

    def reset_prefix_cache(self) -> None:
        self.calls.append("reset cache")


class EngineDeadError(Exception):
    """vLLM's."""


class ZMQError(Exception):
    """pyzmq's, of the socket to vLLM's process."""


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setitem(sys.modules, "vllm", SimpleNamespace(LLM=Recorder))
    monkeypatch.setitem(sys.modules, "vllm.v1.engine.exceptions", SimpleNamespace(EngineDeadError=EngineDeadError))
    monkeypatch.setitem(sys.modules, "zmq", SimpleNamespace(ZMQError=ZMQError))


def config_for(**sections: Any) -> RunConfig:
    return run_config(Path("none"), **{"sampler": {"kind": "vllm"}, **sections})


LOADS = ["load", "reset cache", "stale"]


def test_it_sleeps_for_the_learner_and_wakes_in_two_steps(gpu: None) -> None:
    sampler = VllmSampler(config_for(), "none", 64)
    assert sampler.llm.options["enable_sleep_mode"] is True
    sampler.load(WEIGHTS, version=0)
    assert sampler.llm.calls == LOADS  # nothing to wake from
    sampler.llm.calls.clear()
    sampler.release()
    sampler.release()
    assert sampler.llm.calls == ["buffers", "sleep 2"]
    sampler.llm.calls.clear()
    sampler.load(WEIGHTS, version=1)
    assert sampler.llm.calls == ["wake weights", *LOADS, "buffers", "wake kv_cache"]
    sampler.llm.calls.clear()
    sampler.load(WEIGHTS, version=2)  # after a step with nothing to learn from
    assert sampler.llm.calls == LOADS
    assert sampler.version == 2


def test_wrong_weights_stop_it_before_the_cache_is_awake(gpu: None) -> None:
    sampler = VllmSampler(config_for(), "none", 64)
    sampler.release()
    sampler.llm.answers["verirl_stale"] = [["w"]]
    with pytest.raises(StaleWeightsError, match="w among them"):
        sampler.load(WEIGHTS, version=1)
    assert "wake kv_cache" not in sampler.llm.calls
    assert sampler.version == 0


def test_the_end_of_its_process_while_sampling(gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """vLLM's own thread may have closed the socket by the time that the unfinished samples are called off."""

    def fails(error: Exception) -> Callable[..., None]:
        def call(*_: Any) -> None:
            raise error

        return call

    monkeypatch.setattr("verirl.samplers.vllm.sampling_params", lambda request: None)
    sampler = VllmSampler(config_for(), "folder", 64)
    sampler.llm.llm_engine = SimpleNamespace(
        add_request=lambda *_: None,
        has_unfinished_requests=lambda: True,
        step=fails(EngineDeadError()),
        abort_request=fails(ZMQError("Socket operation on non-socket")),
    )
    with pytest.raises(SamplerError, match=r"^vLLM's process has ended"):
        list(sampler.sample([Request(prompt_ids=[1], max_tokens=1)]))


def test_a_buffer_that_sleep_has_lost_is_noticed(gpu: None) -> None:
    sampler = VllmSampler(config_for(), "none", 64)
    sampler.llm.answers["verirl_buffers"] = [{"rotary": 1, "scale": 2}, {"rotary": 1, "scale": 0}]
    sampler.release()
    with pytest.raises(StaleWeightsError, match="scale among them"):
        sampler.load(WEIGHTS, version=1)


@pytest.mark.parametrize(
    ("sections", "on_gpu", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"sampler": {"sleep": False}}, True, False),
        ({"rollout": {"off_policy": True}}, True, False),
        ({"sampler": {"process": "separate"}}, True, False),
        ({"sampler": {"process": "separate", "sleep": True}}, True, True),
        ({"sampler": {"process": "separate", "device": 1}}, True, False),
    ],
)
def test_when_it_sleeps(sections: dict[str, Any], on_gpu: bool, expected: bool) -> None:
    assert sleeps(config_for(**sections), on_gpu) is expected


def test_awake_it_keeps_its_memory(gpu: None) -> None:
    sampler = VllmSampler(config_for(sampler={"sleep": False}), "none", 64)
    sampler.release()
    assert sampler.llm.options["enable_sleep_mode"] is False and sampler.llm.calls == []


def test_sleep_without_a_gpu_is_refused() -> None:
    with pytest.raises(SamplerError, match=r"^`sampler.sleep` is true, but there is no GPU"):
        sleeps(config_for(sampler={"sleep": True}), on_gpu=False)


@pytest.mark.parametrize(("device", "backend"), [(None, "ipc"), (1, "nccl")])
def test_the_way_of_the_weights(device: int | None, backend: str) -> None:
    config = config_for(sampler={"process": "separate", "device": device})
    assert engine_options(config, "none", 64, on_gpu=True)["weight_transfer_config"] == {"backend": backend}
    assert "weight_transfer_config" not in engine_options(config, "none", 64, on_gpu=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[sampler]\nsleep = true\n[rollout]\noff_policy = true\n",
            "vLLM cannot sleep while it samples the next batch",
        ),
        (
            "[sampler]\ndevice = 1\n",
            "`sampler.device`: vLLM has a GPU to itself only with sampler.process = 'separate'",
        ),
        ("[sampler]\nprocess = 'separate'\ndevice = 0\n", "`sampler.device`: input should be greater than 0"),
        ("[sampler]\nkind = 'hf'\nprocess = 'separate'\n", "`sampler.process`: HF generate has no process of its own"),
    ],
)
def test_settings_that_do_not_fit_together(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert message.lower() in str(error.value).lower() and "\n" not in str(error.value)


def test_the_loop_has_it_sleep_for_a_step_alone(sharp_model: Path, tmp_path: Path) -> None:
    """The second step's samples are all alike: nothing is learned, and nothing needs its memory."""
    events: list[str] = []

    class Sampler(ScriptedSampler):
        def release(self) -> None:
            events.append("release")

        def load(self, weights: Iterable[tuple[str, Any]], version: int) -> None:
            events.append(f"load {version}")

    class Learner:
        def resume(self) -> tuple[int, dict[str, Any]]:
            return 0, {}

        def weights(self) -> Iterator[tuple[str, torch.Tensor]]:
            return iter(())

        def step(self, batch: Batch) -> dict[str, float]:
            events.append("step")
            return {}

        def save(self, step: int, stream: Mapping[str, Any]) -> None: ...

        def rate(self, step: int, score: float) -> None: ...

    class Reward:
        steps = 0

        def score(self, problem: Problem, trajectories: Sequence[Trajectory]) -> list[Verdict]:
            self.steps += 1
            return [verdict(float(self.steps != 2 and i == 0)) for i in range(len(trajectories))]

    config = run_config(sharp_model, steps=3, rollout={"problems_per_step": 1, "group_size": 2, "max_tokens": 2})
    sampler = Sampler(lambda request, index: ([5, 6], "", [-1.0, -1.0]))
    encode = lambda problem, max_tokens: [5]
    train(config, [problem()], sampler, Reward(), Learner(), encode, RunLog(tmp_path))
    assert events == ["load 0", "release", "step", "load 1", "load 2", "release", "step", "load 3"]


# ---------------------------------------------------------------------------------------------------- telling weights apart


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_a_fingerprint_tells_any_two_tensors_apart(dtype: torch.dtype) -> None:
    whole = torch.randn(5, 7, generator=torch.Generator().manual_seed(0)).to(dtype)
    assert fingerprint(whole) == fingerprint(whole.clone())
    assert fingerprint(whole.T) == fingerprint(whole.T.contiguous())  # of the numbers, however they lie
    nudged, swapped, negated = whole.clone(), whole.clone(), whole.clone()
    nudged[2, 3] = torch.nextafter(whole[2, 3], torch.tensor(9.0, dtype=dtype))  # the last bit
    swapped[[1, 4]] = whole[[4, 1]]
    negated[0, 0] *= -1  # the first bit
    others = [nudged, swapped, negated, whole.reshape(7, 5), whole.to(torch.float16), torch.zeros(5, 7, dtype=dtype)]
    assert len({fingerprint(each) for each in [whole, *others]}) == 7


def test_a_fingerprint_of_more_than_one_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = torch.randn(100, generator=torch.Generator().manual_seed(0))
    expected = fingerprint(whole)
    monkeypatch.setattr("verirl.samplers.staleness.CHUNK", 7)
    assert fingerprint(whole) == expected


class Tiny(torch.nn.Module):
    """Shaped like a model of vLLM's: what the checkpoint has in three is one tensor."""

    packed_modules_mapping: ClassVar = {"qkv_proj": ["q_proj", "k_proj", "v_proj"]}

    def __init__(self) -> None:
        super().__init__()
        self.attn = torch.nn.Module()
        self.attn.qkv_proj = torch.nn.Linear(4, 8, bias=False, dtype=torch.bfloat16)
        self.norm = torch.nn.LayerNorm(4, dtype=torch.bfloat16)
        self.register_buffer("table", torch.arange(3.0))


def prints_of(model: Tiny) -> dict[str, Fingerprint]:
    q, k, v = model.attn.qkv_proj.weight.detach().split([4, 2, 2])
    parts = {"attn.q_proj.weight": q, "attn.k_proj.weight": k, "attn.v_proj.weight": v}
    parts |= {"norm.weight": model.norm.weight, "norm.bias": model.norm.bias}
    return {name: fingerprint(part) for name, part in parts.items()}


def test_fingerprints_stand_for_the_weights() -> None:
    model = Tiny()
    prints = prints_of(model)
    assert stale_weights(model, prints) == []
    assert stale_weights(model, {n: p for n, p in prints.items() if n != "norm.bias"}) == ["norm.bias"]
    swapped = {
        **prints,
        "attn.k_proj.weight": prints["attn.v_proj.weight"],
        "attn.v_proj.weight": prints["attn.k_proj.weight"],
    }
    assert stale_weights(model, swapped) == ["attn.qkv_proj.weight"]
    with torch.no_grad():
        model.attn.qkv_proj.weight[7, 3] += 0.01  # of v_proj
    assert stale_weights(model, prints) == ["attn.qkv_proj.weight"]


def test_fingerprints_of_buffers() -> None:
    model = Tiny()
    before = buffer_fingerprints(model)
    assert set(before) == {"table"} and buffer_fingerprints(model) == before
    model.table[1] = 0.0  # type: ignore[operator,index]
    assert buffer_fingerprints(model) != before


def test_a_packed_layer_cannot_be_told_by_a_fingerprint() -> None:
    model = Tiny()
    model.attn.qkv_proj.cpu_linear = None  # type: ignore[assignment]
    assert stale_weights(model, prints_of(model)) == ["attn.qkv_proj.weight"]


def test_a_handle_survives_the_way_without_its_classes() -> None:
    """The 15 arguments that `reduce_tensor` gives for a CUDA tensor."""
    storage = torch.storage.TypedStorage
    rest = (0, b"handle", 512, 64, False, b"counter", 3, b"event", True)
    whole = (torch.Tensor, torch.Size([2, 3]), (3, 1), 5, storage, torch.bfloat16, *rest)
    plain = plain_handle(whole)
    assert not any(isinstance(part, type | torch.dtype | torch.Size) for part in plain)
    assert rebuilt_handle(plain, "bfloat16") == whole
