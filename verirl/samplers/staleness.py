"""Whether the weights in force in vLLM's model are the learner's.

A load that changes nothing looks like one that worked; a trainer that trusts it samples from the wrong policy for
months. So nothing here asks what a transfer reported: it looks at what the layers will multiply with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch

PACKED_TOLERANCE = 1e-5  # relative; float32 rounding of a product stays ten times below, one step of Adam above
CHUNK = 1 << 22  # numbers that are summed at once, for little memory beside the model


class Fingerprint(NamedTuple):
    """Stands for a tensor where the tensor itself is in another process. Equal ones mean the same numbers, bit by bit."""

    shape: tuple[int, ...]
    dtype: str  # "bfloat16", say
    digest: int


Weight = torch.Tensor | Fingerprint


def fingerprint(tensor: torch.Tensor) -> Fingerprint:
    """The digest is a sum over the numbers' bits, each times its place, modulo 2^64: order counts."""
    integer = {1: torch.int8, 2: torch.int16}.get(tensor.element_size(), torch.int32)
    bits = tensor.detach().contiguous().view(-1).view(integer)
    digest = 0
    for start in range(0, len(bits), CHUNK):
        part = bits[start : start + CHUNK].long()
        place = torch.arange(start + 1, start + 1 + len(part), device=part.device)
        digest += int((part * (place * 0x9E3779B97F4A7C1)).sum())
    return Fingerprint(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."), digest % (1 << 64))


def buffer_fingerprints(model: torch.nn.Module) -> dict[str, Fingerprint]:
    """Of what a model keeps beside its weights (rotary tables, say), which no transfer brings back."""
    return {name: fingerprint(buffer) for name, buffer in model.named_buffers()}


def repack_tied_heads(model: torch.nn.Module) -> None:
    """On a CPU an output head that is tied to the embedding keeps a packed copy of it, which a reload leaves as it was:
    no weight of the head's own name ever arrives. So it is packed again."""
    for module in model.modules():
        if hasattr(module, "cpu_linear") and type(module).__name__ == "ParallelLMHead":
            module.quant_method.process_weights_after_loading(module)  # type: ignore[union-attr,operator]


@torch.no_grad()
def stale_weights(model: Any, given: Mapping[str, Weight]) -> list[str]:
    """Names of weights that differ between `given` (the learner's) and vLLM's model, or that only one of them has.

    Weights that vLLM holds as they are must be equal to the bit (after the cast to its type); fused ones are compared
    by their parts. Where a kernel keeps a packed copy (oneDNN on a CPU does, and may drop the original), the layer is
    asked: its output for a fixed random input must match the product with the given weight. That takes the weight
    itself; a packed layer of which only a fingerprint is given counts as stale.
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
        expected = [given[name] for _, name in sorted(parts_of[source])]
        if not _in_force(modules[inner.rpartition(".")[0]], parameter, inner, expected):
            stale.append(inner)
    return stale


def _in_force(module: Any, held: torch.Tensor, name: str, expected: Sequence[Weight]) -> bool:
    """`expected` are the parts that the held tensor is made of, one below the other."""
    start = 0
    for part in expected if held.numel() else ():
        end = start + part.shape[0]
        if not _same(held[start:end], part):  # vocabularies are padded: rows may be left over
            return False
        start = end
    if not (hasattr(module, "cpu_linear") and name.endswith(".weight")):
        return bool(held.numel())  # dropped, and packed in a way that cannot be asked
    parts = [part.to(held) for part in expected if isinstance(part, torch.Tensor)]
    if len(parts) < len(expected):
        return False
    probe = torch.randn(1, parts[0].shape[1], generator=torch.Generator().manual_seed(0)).to(parts[0])
    # Part by part: the fused weight made of them anew would be a copy of the whole model.
    wanted = torch.cat([torch.nn.functional.linear(probe, part) for part in parts], 1)
    got = module.quant_method.apply(module, probe, None)[:, : wanted.shape[1]]
    return bool((got - wanted).abs().max() <= PACKED_TOLERANCE * wanted.abs().max())


def _same(held: torch.Tensor, expected: Weight) -> bool:
    if isinstance(expected, Fingerprint):
        return fingerprint(held.to(getattr(torch, expected.dtype))) == expected
    return held.shape == expected.shape and torch.equal(held, expected.to(held))
