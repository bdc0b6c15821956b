"""LoRA through peft: adapters inside the model, merged on the way to the sampler and into checkpoints.

Source: LoRA (Hu et al. 2021). The model keeps its class, so that everything else treats it as any other; the sampler
gets plain weights, W + alpha / rank x B A, under the names that it knows.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from verirl.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ADAPTER = "default"  # peft's own name for the first one
BASE = ".base_layer"  # what peft puts into the name of a weight that has an adapter
PREFIX = "base_model.model."  # of names in a saved adapter, as peft writes them


def add_lora(model: PreTrainedModel, rank: int, alpha: float, seed: int) -> None:
    """Puts adapters on every linear layer but the output head, and freezes all else.

    They start as random numbers drawn with `seed` times zero. Raises ModelError without peft.
    """
    try:
        from peft import inject_adapter_in_model
    except ImportError:
        raise ModelError("`model.lora_rank` needs peft: pip install 'verirl[lora]', or set it to 0.") from None
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="fan_in_fan_out")  # it sees by itself that GPT-2's are transposed
        torch.manual_seed(seed)
        inject_adapter_in_model(_peft_config(rank, alpha), model, adapter_name=ADAPTER)


def merged_weights(model: PreTrainedModel) -> Iterator[tuple[str, torch.Tensor]]:
    """Every weight once, by its name in the plain model, with its adapter's part added."""
    modules: dict[str, Any] = dict(model.named_modules())
    for name, parameter in model.named_parameters():
        if ".lora_" in name:
            continue
        plain, tensor = name.replace(BASE, ""), parameter.detach()
        if plain != name and plain.endswith(".weight"):
            tensor = tensor + modules[plain.removesuffix(".weight")].get_delta_weight(ADAPTER).detach()
        yield plain, tensor


@contextlib.contextmanager
def adapters_off(model: PreTrainedModel) -> Iterator[None]:
    """Within the block the model is the one that the adapters were put into."""
    # By their weights: transformers' own models have a method `enable_adapters`, too, and another one.
    layers: list[Any] = [module for module in model.modules() if hasattr(module, "lora_A")]
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)


def save_adapter(model: PreTrainedModel, folder: Path, rank: int, alpha: float, base: str) -> None:
    """A folder that peft reads (`PeftModel.from_pretrained`)."""
    from safetensors.torch import save_file

    folder.mkdir()
    weights = {
        f"{PREFIX}{name.replace(f'.{ADAPTER}.', '.')}": parameter.detach().contiguous()
        for name, parameter in model.named_parameters()
        if ".lora_" in name
    }
    save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = _peft_config(rank, alpha)
    config.base_model_name_or_path = base
    config.inference_mode = True
    config.save_pretrained(str(folder))


@torch.no_grad()
def load_adapter(model: PreTrainedModel, folder: Path) -> None:
    """Into the adapters that are there. Raises KeyError where one is missing from the folder."""
    from safetensors.torch import load_file

    weights: Mapping[str, torch.Tensor] = load_file(folder / "adapter_model.safetensors")
    for name, parameter in model.named_parameters():
        if ".lora_" in name:
            parameter.copy_(weights[f"{PREFIX}{name.replace(f'.{ADAPTER}.', '.')}"])


def _peft_config(rank: int, alpha: float) -> Any:
    from peft import LoraConfig

    return LoraConfig(
        r=rank,
        lora_alpha=alpha,  # type: ignore[arg-type]
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
