"""Sampling with vLLM, in this process or in one of its own.

Where this leaves plain `LLM.generate`: finished samples are handed out while others are still being generated, every
sample has a seed of its own, on a GPU that is shared vLLM gives its memory back while the learner works, and after each
weight load the weights in force are compared with the learner's (staleness.py).
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from multiprocessing import resource_tracker
from typing import Any

import torch

from verirl.config import RunConfig
from verirl.errors import SamplerError, StaleWeightsError
from verirl.samplers.weights import OtherGpu, SameProcess, SeparateProcess, SharedGpu
from verirl.types import Request, Trajectory


class VllmSampler:
    """Raises SamplerError where vLLM would not start, and where its process ends."""

    def __init__(self, config: RunConfig, folder: str, max_model_len: int) -> None:
        self.version = 0
        self._count = 0
        self._asleep = False
        self._buffers: dict[str, Any] = {}  # as they were when vLLM fell asleep
        on_gpu = torch.cuda.is_available()
        self._sleeps = sleeps(config, on_gpu)
        options = engine_options(config, folder, max_model_len, on_gpu)
        try:
            with warnings.catch_warnings(), _environment(config), _ctrl_c_stays_here(config):
                warnings.simplefilter("ignore")
                from vllm import LLM

                self.llm: Any = LLM(**options, enable_sleep_mode=self._sleeps)
                self._link = _connect(self.llm, config, on_gpu, getattr(torch, options["dtype"]))
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
        with _process_must_live():
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

    def release(self) -> None:
        """Frees vLLM's weights and cache on a GPU that is shared, until the next load."""
        if self._sleeps and not self._asleep:
            with _process_must_live():
                self._buffers = self._link.buffers()
                self.llm.sleep(level=2)  # keeps nothing: new weights come with the next load anyway
                self._asleep = True

    def load(self, weights: Iterable[tuple[str, torch.Tensor]], version: int) -> None:
        given = dict(weights)
        with _process_must_live():
            if self._asleep:
                _give_back_cached_memory()  # of the learner's step
                self.llm.wake_up(tags=["weights"])
            self._transfer(given)
            self.llm.reset_prefix_cache()  # its keys and values came from the old weights
            stale = self._link.stale(given)
            if self._asleep:
                # Level 2 loses what is no weight, and vLLM brings back what a module has registered; older ones did not.
                now = self._link.buffers()
                stale += [name for name, held in self._buffers.items() if now.get(name) != held]
        if stale:
            raise StaleWeightsError(
                f"after loading version {version} the sampler's weights are not the learner's: {len(stale)} differ, "
                f"{stale[0]} among them. Samples would come from another policy, so the run stops here."
            )
        if self._asleep:
            del given
            _give_back_cached_memory()  # of the transfer
            with _process_must_live():
                self.llm.wake_up(tags=["kv_cache"])
            self._asleep = False
        self.version = version

    def _transfer(self, weights: Mapping[str, torch.Tensor]) -> None:
        self._link.send(weights)


def sleeps(config: RunConfig, on_gpu: bool) -> bool:
    """Whether vLLM sleeps while the learner works: by default where both share a GPU and take turns in one process."""
    options = config.sampler
    if options.sleep is None:
        return on_gpu and options.process == "same" and not config.rollout.off_policy
    if options.sleep and not on_gpu:
        raise SamplerError(
            "`sampler.sleep` is true, but there is no GPU whose memory vLLM could give back; leave it out."
        )
    return options.sleep


def engine_options(config: RunConfig, folder: str, max_model_len: int, on_gpu: bool) -> dict[str, Any]:
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
        "worker_extension_cls": "verirl.samplers.receiver.Receiver",
    }
    if on_gpu:
        options["gpu_memory_utilization"] = config.sampler.gpu_memory_utilization
    else:  # stated, since else vLLM asks for nearly all memory of the machine and may refuse to start
        options["kv_cache_memory_bytes"] = int(config.sampler.memory_gib * (1 << 30))
    if on_gpu and config.sampler.process == "separate":
        options["weight_transfer_config"] = {"backend": "ipc" if config.sampler.device is None else "nccl"}
    return options


def _connect(llm: Any, config: RunConfig, on_gpu: bool, dtype: torch.dtype) -> SameProcess:
    if config.sampler.process == "same":
        return SameProcess(llm)
    if not on_gpu:
        return SeparateProcess(llm, dtype)
    return SharedGpu(llm, dtype) if config.sampler.device is None else OtherGpu(llm, dtype)


def _give_back_cached_memory() -> None:
    """vLLM maps its memory anew when it wakes, and finds none of what torch keeps for later."""
    gc.collect()
    torch.cuda.empty_cache()


@contextlib.contextmanager
def _process_must_live() -> Iterator[None]:
    from vllm.v1.engine.exceptions import EngineDeadError
    from zmq import ZMQError

    try:
        yield
    except (EngineDeadError, ZMQError) as error:  # the second where vLLM's own thread has closed the socket meanwhile
        raise SamplerError(
            "vLLM's process has ended (killed, or out of memory?); `verirl train --resume` goes on from the newest "
            "checkpoint."
        ) from error


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


@contextlib.contextmanager
def _ctrl_c_stays_here(config: RunConfig) -> Iterator[None]:
    """A terminal sends Ctrl-C to vLLM's process too, but the learner finishes its step first and needs vLLM for that.
    What is blocked where a process is started is blocked in it for good, whatever handlers it installs."""
    if config.sampler.process == "same":
        yield
        return
    resource_tracker.ensure_running()  # whose start would unblock it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _environment(config: RunConfig) -> Iterator[None]:
    """vLLM reads these when it is imported or an engine is made. What the user has set stays, where it is no setting of
    ours; which GPUs are visible is changed for vLLM's process alone."""
    for name, value in {
        # By default vLLM keeps a core for itself and cuts torch, the learner's too, to the others. Threads tied to
        # cores would be as fast on an idle machine; on a busy one all of them wait for the one whose core is taken.
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # a fork would inherit locks of the learner's threads
    }.items():
        os.environ.setdefault(name, value)
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = str(int(config.sampler.process == "separate"))
    with contextlib.suppress(ImportError):  # older versions keep nothing
        from vllm.envs import disable_envs_cache

        disable_envs_cache()  # an engine that this process started before keeps what it read
    if config.sampler.device is None:
        yield
        return
    name = "CUDA_VISIBLE_DEVICES"
    before = os.environ.get(name)
    visible = before.split(",") if before else [str(number) for number in range(torch.cuda.device_count())]
    if config.sampler.device >= len(visible):
        raise ValueError(
            f"sampler.device is {config.sampler.device}, but there are {len(visible)} GPUs, counted from 0"
        )
    os.environ[name] = visible[config.sampler.device]
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before
