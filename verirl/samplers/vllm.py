"""Sampling with vLLM in this process, so that weights go over without a file.

Where this leaves plain `LLM.generate`: finished samples are handed out while others are still being generated, every
sample has a seed of its own, and after each weight load the weights in force are compared with the learner's. A load
that changes nothing looks like one that worked; a trainer that trusts it samples from the wrong policy for months.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch

from verirl.config import RunConfig
from verirl.errors import SamplerError, StaleWeightsError
from verirl.types import Request, Trajectory

PACKED_TOLERANCE = 1e-5  # relative; float32 rounding of a product stays ten times below, one step of Adam above


class VllmSampler:
    """Raises SamplerError where vLLM would not start."""

    def __init__(self, config: RunConfig, folder: str, max_model_len: int) -> None:
        self.version = 0
        self._count = 0
        on_gpu = torch.cuda.is_available()
        _set_environment()
        options: dict[str, Any] = {
            "model": folder,
            "dtype": "bfloat16" if on_gpu else "float32",  # float32 is the faster one on a CPU
            "max_model_len": max_model_len,
            "max_num_seqs": config.sampler.max_num_seqs,
            "max_num_batched_tokens": max(max_model_len, 4096),
            # A seeded request whose prompt is prefilled in chunks raises "CPU Generator does not use offset".
            "enable_chunked_prefill": on_gpu,
            # The samples of a group share their prompt's blocks; the CPU's default of 128 tokens would share none.
            "block_size": 16 if on_gpu else 32,
            "enable_prefix_caching": True,
            "logprobs_mode": "processed_logprobs",  # after temperature: what the policy drew from
            "enforce_eager": not on_gpu,
            "seed": config.seed,
            "disable_log_stats": True,
            "use_tqdm_on_load": False,
        }
        if on_gpu:
            options["gpu_memory_utilization"] = config.sampler.gpu_memory_utilization
        else:  # stated, since else vLLM asks for nearly all memory of the machine and may refuse to start
            options["kv_cache_memory_bytes"] = int(config.sampler.memory_gib * (1 << 30))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from vllm import LLM

                self.llm: Any = LLM(**options)
        except Exception as error:
            reason = str(error).strip().splitlines()
            raise SamplerError(
                f"vLLM would not start ({type(error).__name__}: {reason[0][:300] if reason else 'no message'}); "
                "sampler.kind = 'hf' does without it."
            ) from error

    def sample(self, requests: Sequence[Request]) -> Iterator[Trajectory]:
        engine = self.llm.llm_engine
        first = self._count
        self._count += len(requests)
        unfinished = {str(first + index) for index in range(len(requests))}
        try:
            for index, request in enumerate(requests):
                prompt = {"prompt_token_ids": list(request.prompt_ids)}
                engine.add_request(str(first + index), prompt, sampling_params(request))
            while engine.has_unfinished_requests():
                for output in engine.step():
                    if output.finished:
                        unfinished.discard(output.request_id)
                        index = int(output.request_id) - first
                        yield self._trajectory(requests[index], output.outputs[0], index)
        finally:  # a caller that stops early must not leave its samples to the next one
            if unfinished:
                engine.abort_request(sorted(unfinished))

    def _trajectory(self, request: Request, output: Any, index: int) -> Trajectory:
        token_ids = list(output.token_ids)
        return Trajectory(
            text=output.text,
            prompt_ids=request.prompt_ids,
            token_ids=token_ids,
            policy_mask=[1] * len(token_ids),
            logprobs=[step[token].logprob for step, token in zip(output.logprobs, token_ids, strict=True)],
            finish_reason="length" if output.finish_reason == "length" else "stop",
            policy_versions=[self.version] * len(token_ids),
            request=index,
        )

    def load(self, weights: Iterable[tuple[str, torch.Tensor]], version: int) -> None:
        given = dict(weights)
        self._transfer(given)
        self.llm.reset_prefix_cache()  # its keys and values came from the old weights
        stale = self.llm.apply_model(lambda model: stale_weights(model, given))[0]
        if stale:
            raise StaleWeightsError(
                f"after loading version {version} the sampler's weights are not the learner's: {len(stale)} differ, "
                f"{stale[0]} among them. Samples would come from another policy, so the run stops here."
            )
        self.version = version

    def _transfer(self, weights: Mapping[str, torch.Tensor]) -> None:
        # Without an iterator this call would reload the old weights from disk and report success.
        self.llm.collective_rpc("reload_weights", kwargs={"weights_iterator": iter(weights.items())})
        self.llm.apply_model(repack_tied_heads)


def sampling_params(request: Request) -> Any:
    """vLLM's form of a request. Nothing cuts the distribution off (top-p, top-k, min-p): that would bias the ratio."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    return SamplingParams(
        temperature=request.temperature,
        top_p=1.0,
        top_k=0,
        min_p=0.0,
        max_tokens=request.max_tokens,
        seed=request.seed,
        logprobs=0,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def _set_environment() -> None:
    """vLLM reads these when it is imported. What the user has set stays."""
    for name, value in {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        # By default vLLM keeps a core for itself and cuts torch, the learner's too, to the others. Threads tied to
        # cores would be as fast on an idle machine; on a busy one all of them wait for the one whose core is taken.
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_NO_USAGE_STATS": "1",
    }.items():
        os.environ.setdefault(name, value)


def repack_tied_heads(model: Any) -> None:
    """On a CPU an output head that is tied to the embedding keeps a packed copy of it, which a reload leaves as it was:
    no weight of the head's own name ever arrives. So it is packed again."""
    for module in model.modules():
        if hasattr(module, "cpu_linear") and type(module).__name__ == "ParallelLMHead":
            module.quant_method.process_weights_after_loading(module)


@torch.no_grad()
def stale_weights(model: Any, given: Mapping[str, torch.Tensor]) -> list[str]:
    """Names of weights that differ between `given` (the learner's) and vLLM's model, or that only one of them has.

    Weights that vLLM holds as they are must be equal to the bit (after the cast to its type); fused ones are compared
    by their parts. Where a kernel keeps a packed copy (oneDNN on a CPU does, and may drop the original), the layer is
    asked: its output for a fixed random input must match the product with the given weight.
    """
    mapper = getattr(model, "hf_to_vllm_mapper", None)
    packed: Mapping[str, Sequence[str]] = getattr(model, "packed_modules_mapping", {})
    fused = {part: (whole, order) for whole, parts in packed.items() for order, part in enumerate(parts)}
    parts_of: dict[str, list[tuple[int, str]]] = {}
    for name in given:
        inner = mapper.apply_list([name])[0] if mapper else name
        module, _, leaf = inner.rpartition(".")
        parent, _, last = module.rpartition(".")
        if last in fused:  # newer versions' mappers name the fused module themselves
            inner = f"{parent}.{fused[last][0]}.{leaf}"
        _, order = fused.get(name.split(".")[-2] if "." in name else name, ("", 0))
        parts_of.setdefault(inner, []).append((order, name))
    held = dict(model.named_parameters(remove_duplicate=False))
    modules = dict(model.named_modules())
    same_tensor = {id(held[name]): name for name in parts_of if name in held}
    stale = [name for inner, parts in parts_of.items() if inner not in held for _, name in parts]
    for inner, parameter in held.items():
        source = inner if inner in parts_of else same_tensor.get(id(parameter))  # tied weights come under one name
        if source is None:
            stale.append(inner)
            continue
        members = [name for _, name in sorted(parts_of[source])]
        expected = torch.cat([given[name] for name in members]) if len(members) > 1 else given[members[0]]
        if not _in_force(modules[inner.rpartition(".")[0]], parameter, inner, expected):
            stale.append(inner)
    return stale


def _in_force(module: Any, held: torch.Tensor, name: str, expected: torch.Tensor) -> bool:
    expected = expected.to(dtype=held.dtype, device=held.device)
    if held.numel():
        rows = held[: len(expected)]  # vocabularies are padded
        if rows.shape != expected.shape or not torch.equal(rows, expected):
            return False
    if not (hasattr(module, "cpu_linear") and name.endswith(".weight")):
        return bool(held.numel())  # dropped, and packed in a way that cannot be asked
    probe = torch.randn(1, expected.shape[1], generator=torch.Generator().manual_seed(0)).to(expected)
    wanted = torch.nn.functional.linear(probe, expected)
    got = module.quant_method.apply(module, probe, None)[:, : len(expected)]
    return bool((got - wanted).abs().max() <= PACKED_TOLERANCE * wanted.abs().max())
