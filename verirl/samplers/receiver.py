"""What runs beside vLLM's model, in this process or in vLLM's own: takes weights in and says what is in force.

vLLM mixes the class into its worker (`worker_extension_cls`) and calls its methods by name, with plain arguments. No
function and no class travels between the processes, so that vLLM's pickling of calls
(`VLLM_ALLOW_INSECURE_SERIALIZATION`), which its own examples of weight transfer switch on, stays off.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from verirl.samplers.staleness import (
    Fingerprint,
    buffer_fingerprints,
    fingerprint,
    repack_tied_heads,
    stale_weights,
)


class Receiver:
    """Every name starts with `verirl_`: vLLM refuses one that its worker has already."""

    def verirl_settle(self, learner: int) -> int:
        """For a process of its own: it ends when the learner's does, however that ends. Returns vLLM's process, which on
        a CPU is the one above this."""
        above = os.getppid()
        engine = os.getpid() if above == learner else above
        threading.Thread(target=_end_with, args=(learner, engine), daemon=True).start()
        return engine

    def verirl_load(self, weights: Mapping[str, torch.Tensor] | str) -> None:
        """Weights of this process, or of a file that `torch.save` wrote."""
        given = _read(weights) if isinstance(weights, str) else weights
        worker: Any = self
        # Without an iterator this call would reload the old weights from disk and report success.
        worker.reload_weights(weights_iterator=iter(given.items()))
        repack_tied_heads(_model(self))

    def verirl_connect(self, info: Mapping[str, Any]) -> None:
        """Opens vLLM's weight-transfer engine. With NCCL this waits for the learner to join."""
        worker: Any = self
        worker.init_weight_transfer_engine(dict(info))

    def verirl_receive(
        self,
        names: Sequence[str],
        dtypes: Sequence[str],
        shapes: Sequence[Sequence[int]],
        handles: Sequence[Sequence[Any]] | None,
    ) -> None:
        """Weights through vLLM's weight-transfer engine; `handles` as from `plain_handle` for CUDA IPC, else None."""
        worker: Any = self
        update: dict[str, Any] = {"names": list(names), "dtype_names": list(dtypes), "shapes": list(shapes)}
        if handles is not None:
            device = str(torch.cuda.get_device_properties(worker.device).uuid)
            update["ipc_handles"] = [
                {device: rebuilt_handle(handle, dtype)} for handle, dtype in zip(handles, dtypes, strict=True)
            ]
        worker.start_weight_update()
        worker.update_weights(update)
        worker.finish_weight_update()
        repack_tied_heads(_model(self))

    def verirl_stale(self, expected: Mapping[str, Any], path: str | None = None) -> list[str]:
        """Names of the weights in force that are not the learner's.

        `expected` are its tensors, in its own process; else their fingerprints, and where a CPU packs layers a file with
        the tensors as well, which must have the fingerprints.
        """
        if path is None:
            given = {n: w if isinstance(w, torch.Tensor) else _print(w) for n, w in expected.items()}
            return stale_weights(_model(self), given)
        tensors = _read(path)
        wrong = [n for n, w in expected.items() if n not in tensors or fingerprint(tensors[n]) != _print(w)]
        return wrong or stale_weights(_model(self), tensors)

    def verirl_buffers(self) -> dict[str, Any]:
        return dict(buffer_fingerprints(_model(self)))


def plain_handle(arguments: Sequence[Any]) -> list[Any]:
    """Of the arguments that torch rebuilds a shared CUDA tensor from, what is no Python class."""
    _, size, stride, offset, _, _, *rest = arguments
    return [list(size), list(stride), offset, *rest]


def rebuilt_handle(plain: Sequence[Any], dtype: str) -> tuple[Any, ...]:
    """The way back: `plain_handle` of a tensor, for `torch.multiprocessing.reductions.rebuild_cuda_tensor`."""
    size, stride, offset, *rest = plain
    storage = torch.storage.TypedStorage
    return (torch.Tensor, torch.Size(size), tuple(stride), offset, storage, getattr(torch, dtype), *rest)


def wait_for_end(process: int) -> None:
    watch = select.poll()
    watch.register(os.pidfd_open(process), select.POLLIN)
    watch.poll()


def _end_with(learner: int, engine: int) -> None:
    wait_for_end(learner)
    if engine == os.getppid():
        os.kill(engine, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _model(worker: Any) -> torch.nn.Module:
    model: torch.nn.Module = worker.model_runner.get_model()
    return model


def _read(path: str) -> dict[str, torch.Tensor]:
    weights: dict[str, torch.Tensor] = torch.load(path, weights_only=True)
    return weights


def _print(plain: Sequence[Any]) -> Fingerprint:
    shape, dtype, digest = plain
    return Fingerprint(tuple(shape), dtype, digest)
