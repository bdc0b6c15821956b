"""The learner's side of a weight transfer to vLLM, in this process or to a process of its own. receiver.py is the other.

Which way, and why, is in docs/decisions/0005-weights-to-vllm.md.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

from verirl.samplers.receiver import plain_handle, wait_for_end
from verirl.samplers.staleness import fingerprint

Weights = Mapping[str, torch.Tensor]


class SameProcess:
    """vLLM reads the learner's tensors where they are."""

    def __init__(self, llm: Any) -> None:
        self.llm = llm

    def send(self, weights: Weights) -> None:
        self.call("verirl_load", weights)

    def stale(self, weights: Weights) -> list[str]:
        """Names of the weights that are in force in vLLM and not the ones given."""
        return list(self.call("verirl_stale", weights))

    def buffers(self) -> dict[str, Any]:
        return dict(self.call("verirl_buffers"))

    def call(self, method: str, *arguments: Any) -> Any:
        return self.llm.collective_rpc(method, args=arguments)[0]


class SeparateProcess(SameProcess):
    """vLLM in a process of its own: tensors go over in a file in memory, which is all that a CPU needs.

    Whatever the way, the check compares with fingerprints taken here, never with what arrived.
    """

    def __init__(self, llm: Any, dtype: torch.dtype) -> None:
        super().__init__(llm)
        self.dtype = dtype
        self.path: str | None = None
        _fail_when_it_ends(self.call("verirl_settle", os.getpid()), llm.llm_engine.engine_core)

    def send(self, weights: Weights) -> None:
        descriptor = os.memfd_create("weights")  # its memory is this process's own, so that no kill can leave it behind
        self.path = f"/proc/{os.getpid()}/fd/{descriptor}"
        with open(descriptor, "wb", closefd=False) as file:
            torch.save(self.cast(weights), file)
        self.call("verirl_load", self.path)

    def stale(self, weights: Weights) -> list[str]:
        try:
            prints = {name: fingerprint(tensor) for name, tensor in self.cast(weights).items()}
            return list(self.call("verirl_stale", prints, self.path))
        finally:
            if self.path is not None:
                os.close(int(self.path.rpartition("/")[2]))
                self.path = None

    def cast(self, weights: Weights) -> dict[str, torch.Tensor]:
        """In vLLM's type, rounded as vLLM would: half the bytes on the way to a bfloat16 model."""
        return {name: tensor.detach().to(self.dtype).contiguous() for name, tensor in weights.items()}


class SharedGpu(SeparateProcess):
    """vLLM on the learner's GPU: through CUDA IPC, vLLM copies from the learner's memory."""

    def __init__(self, llm: Any, dtype: torch.dtype) -> None:
        super().__init__(llm, dtype)
        self.call("verirl_connect", {})

    def send(self, weights: Weights) -> None:
        from torch.multiprocessing.reductions import reduce_tensor

        tensors = self.cast(weights)  # a handle keeps no memory alive: they must live until the call returns
        handles = [plain_handle(reduce_tensor(tensor)[1]) for tensor in tensors.values()]  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()
        self.call("verirl_receive", *_described(tensors), handles)
        torch.cuda.ipc_collect()  # type: ignore[no-untyped-call]


class OtherGpu(SeparateProcess):
    """vLLM on a GPU of its own: through NCCL, in which the learner is rank 0 and vLLM rank 1.

    Both sides must enter each collective call together, so vLLM's side is asked from a thread.
    """

    def __init__(self, llm: Any, dtype: torch.dtype) -> None:
        from vllm.distributed.weight_transfer.nccl_common import stateless_init_process_group

        super().__init__(llm, dtype)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        place: dict[str, Any] = {"master_address": "127.0.0.1", "master_port": port, "world_size": 2}
        self.thread = ThreadPoolExecutor(max_workers=1)
        joined = self.thread.submit(self.call, "verirl_connect", {**place, "rank_offset": 1})
        self.group = stateless_init_process_group(
            place["master_address"], port, rank=0, world_size=2, device=torch.cuda.current_device()
        )
        joined.result()

    def send(self, weights: Weights) -> None:
        tensors = self.cast(weights)
        received = self.thread.submit(self.call, "verirl_receive", *_described(tensors), None)
        for tensor in tensors.values():
            self.group.broadcast(tensor, src=0, stream=torch.cuda.current_stream())
        received.result()  # what went wrong there is raised here
        torch.cuda.current_stream().synchronize()


def _fail_when_it_ends(process: int, client: Any) -> None:
    """A call that waits for a process which is killed waits for ever (SyncMPClient, up to vLLM 0.32): it gets the error
    that a call made later gets. The thread must not hold the client, which would keep vLLM alive."""
    from vllm.v1.engine.exceptions import EngineDeadError

    outputs, calls = client.outputs_queue, client.utility_results

    def watch() -> None:
        wait_for_end(process)
        outputs.put(EngineDeadError())
        for _ in range(60):  # seconds; a call may just be on its way
            for call in list(calls.values()):
                if not call.done():
                    call.set_exception(EngineDeadError())
            time.sleep(1)

    threading.Thread(target=watch, daemon=True).start()


def _described(tensors: Weights) -> tuple[list[str], list[str], list[list[int]]]:
    return (
        list(tensors),
        [str(tensor.dtype).removeprefix("torch.") for tensor in tensors.values()],
        [list(tensor.shape) for tensor in tensors.values()],
    )
