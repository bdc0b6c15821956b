"""Log-probabilities and entropies from hidden states: equal to the textbook's in float64, in less memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from verirl import head

K, H, V = 40, 8, 512  # tokens, hidden size, vocabulary
Found = dict[str, torch.Tensor | None]
Way = Callable[..., tuple[torch.Tensor, torch.Tensor]]


def case(seed: int = 0, biased: bool = False, tokens: int = K) -> dict[str, Any]:
    draw = torch.Generator().manual_seed(seed)
    return {
        "hidden": torch.randn(tokens, H, generator=draw),
        "weight": torch.randn(V, H, generator=draw),
        "bias": torch.randn(V, generator=draw) if biased else None,
        "targets": torch.randint(V, (tokens,), generator=draw),
    }


def textbook(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    targets: torch.Tensor,
    temperature: float,
    entropy_gradient: bool,
) -> tuple[torch.Tensor, torch.Tensor]:
    logits = hidden @ weight.T + (0 if bias is None else bias)
    logprobs = torch.log_softmax(logits / temperature, -1)
    entropies = -(logprobs.exp() * logprobs).sum(-1)
    chosen = torch.stack([row[target] for row, target in zip(logprobs, targets, strict=True)])
    return chosen, entropies if entropy_gradient else entropies.detach()


def differentiate(
    way: Way, x: dict[str, Any], temperature: float = 1.0, entropy_gradient: bool = True, dtype: Any = None
) -> Found:
    """Both results, and the gradients of a sum that weighs every log-probability and every entropy differently."""
    inputs = {
        name: None if x[name] is None else x[name].detach().to(dtype or x[name].dtype).requires_grad_()
        for name in ("hidden", "weight", "bias")
    }
    logprobs, entropies = way(
        **inputs, targets=x["targets"], temperature=temperature, entropy_gradient=entropy_gradient
    )
    draw = torch.Generator().manual_seed(99)
    first, second = torch.randn(2, len(logprobs), generator=draw)
    ((first * logprobs).sum() + (second * entropies).sum()).backward()
    gradients = {f"{name}_grad": None if value is None else value.grad for name, value in inputs.items()}
    return {"logprobs": logprobs.detach(), "entropies": entropies.detach(), **gradients}


def assert_close(found: Found, expected: Found, rtol: float = 1e-4, atol: float = 1e-4) -> None:
    for name, value in expected.items():
        ours = found[name]
        if value is None:
            assert ours is None, name
        else:
            assert ours is not None, name
            difference = (ours.double() - value.double()).abs()
            assert bool((difference <= atol + rtol * value.double().abs()).all()), (name, float(difference.max()))


@pytest.fixture(params=["whole", "one by one", "three by three"])
def chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """However the tokens are divided, over memory and over the cache."""
    if request.param != "whole":
        rows = 1 if request.param == "one by one" else 3
        monkeypatch.setattr(head, "LOGITS_BYTES", rows * 4 * V)
        monkeypatch.setattr(head, "CACHED_ROWS", 3 - rows + 1)
    return str(request.param)


@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize("entropy_gradient", [False, True])
@pytest.mark.parametrize("temperature", [1.0, 0.5, 1.7])
@pytest.mark.parametrize("biased", [False, True])
def test_equals_the_textbook_in_float64(biased: bool, temperature: float, entropy_gradient: bool) -> None:
    x = case(biased=biased)
    found = differentiate(head.token_logprobs, x, temperature, entropy_gradient)
    expected = differentiate(textbook, x, temperature, entropy_gradient, dtype=torch.float64)
    assert found["logprobs"] is not None and found["logprobs"].dtype == torch.float32
    assert_close(found, expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("entropy_gradient", [False, True])
@pytest.mark.parametrize("rows", [1, 7, K - 1])
def test_chunks_change_nothing(rows: int, entropy_gradient: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    x = case(biased=True)
    whole = differentiate(head.token_logprobs, x, 0.8, entropy_gradient)
    monkeypatch.setattr(head, "LOGITS_BYTES", rows * 4 * V)
    assert_close(differentiate(head.token_logprobs, x, 0.8, entropy_gradient), whole, rtol=1e-5, atol=1e-5)
    monkeypatch.setattr(head, "LOGITS_BYTES", 1)  # less than a row: a row at a time all the same
    assert_close(differentiate(head.token_logprobs, x, 0.8, entropy_gradient), whole, rtol=1e-5, atol=1e-5)


class Allocations(TorchDispatchMode):
    """Every storage that an operation returns, kept so that none is used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.storages: dict[int, tuple[torch.Tensor, int]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for value in result if isinstance(result, tuple | list) else [result]:
            if isinstance(value, torch.Tensor):
                storage = value.untyped_storage()
                self.storages[storage.data_ptr()] = value, storage.nbytes()
        return result

    def at_least(self, size: int) -> int:
        return sum(held >= size for _, held in self.storages.values())

    def largest(self) -> int:
        return max(held for _, held in self.storages.values())


def allocations(way: Way, entropy_gradient: bool) -> Allocations:
    x = case()
    with Allocations() as seen:
        differentiate(way, x, entropy_gradient=entropy_gradient)
    return seen


def test_logits_of_all_tokens_stand_in_one_buffer() -> None:
    logits = 4 * K * V
    assert allocations(head.token_logprobs, entropy_gradient=False).at_least(logits) == 1
    assert allocations(textbook, entropy_gradient=False).at_least(logits) > 3  # what the measure says of the textbook


@pytest.mark.parametrize("entropy_gradient", [False, True])
def test_chunked_logits_never_exist_at_once(entropy_gradient: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = 10
    assert rows > H  # so that a chunk's logits are larger than the weight and its gradient
    monkeypatch.setattr(head, "LOGITS_BYTES", rows * 4 * V)
    assert allocations(head.token_logprobs, entropy_gradient).largest() == rows * 4 * V


@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize("frozen", ["hidden", "weight", "bias"])
def test_what_is_frozen_gets_no_gradient_and_the_rest_its_own(frozen: str) -> None:
    x = case(biased=True)
    expected = differentiate(head.token_logprobs, x)
    inputs = {name: x[name].clone().requires_grad_(name != frozen) for name in ("hidden", "weight", "bias")}
    logprobs, entropies = head.token_logprobs(**inputs, targets=x["targets"], temperature=1.0, entropy_gradient=True)
    first, second = torch.randn(2, K, generator=torch.Generator().manual_seed(99))
    ((first * logprobs).sum() + (second * entropies).sum()).backward()
    for name, value in inputs.items():
        if name == frozen:
            assert value.grad is None
        else:
            torch.testing.assert_close(value.grad, expected[f"{name}_grad"])


@pytest.mark.usefixtures("chunks")
def test_without_gradients() -> None:
    x = case(biased=True)
    expected = differentiate(head.token_logprobs, x)
    tracked = {**x, "hidden": x["hidden"].clone().requires_grad_(), "weight": x["weight"].clone().requires_grad_()}
    with torch.no_grad():
        under_no_grad = head.token_logprobs(**tracked, temperature=1.0, entropy_gradient=True)
    for logprobs, entropies in (under_no_grad, head.token_logprobs(**x, temperature=1.0, entropy_gradient=True)):
        assert not logprobs.requires_grad and not entropies.requires_grad
        torch.testing.assert_close(logprobs, expected["logprobs"])
        torch.testing.assert_close(entropies, expected["entropies"])


def test_entropies_carry_a_gradient_only_where_asked() -> None:
    x = case()
    x["hidden"].requires_grad_()
    for wanted in (False, True):
        logprobs, entropies = head.token_logprobs(**x, temperature=1.0, entropy_gradient=wanted)
        assert logprobs.requires_grad and entropies.requires_grad == wanted


@pytest.mark.usefixtures("chunks")
def test_a_second_backward_pass_gives_the_same_again() -> None:
    """The first one turned the probabilities that it was left into its gradient."""
    x = case()
    x["hidden"].requires_grad_()
    logprobs, _ = head.token_logprobs(**x, temperature=1.0, entropy_gradient=True)
    first, second = (torch.autograd.grad(logprobs.sum(), x["hidden"], retain_graph=True)[0] for _ in range(2))
    torch.testing.assert_close(first, second)


@pytest.mark.usefixtures("chunks")
@pytest.mark.parametrize("biased", [False, True])
def test_bfloat16_hidden_states_with_float32_weights(biased: bool) -> None:
    x = case(biased=biased)
    x["hidden"] = (x["hidden"] / 4).bfloat16()
    found = differentiate(head.token_logprobs, x, 0.7)
    expected = differentiate(textbook, x, 0.7, dtype=torch.float64)
    dtypes = {name: value.dtype for name, value in found.items() if value is not None}
    assert dtypes.pop("hidden_grad") == torch.bfloat16
    assert set(dtypes.values()) == {torch.float32}
    assert_close(found, expected, rtol=0.03, atol=0.1)  # bfloat16 has 8 bits


@pytest.mark.usefixtures("chunks")
def test_extreme_logits_stay_finite_and_right() -> None:
    x = case()
    x["hidden"] = 100 * x["hidden"].sign()
    x["weight"] = 100 * x["weight"].sign()  # logits are whole multiples of 1e4, up to 8e4: no rounding
    x["targets"][: K // 2] = (x["hidden"] @ x["weight"].T).argmax(1)[: K // 2]
    found = differentiate(head.token_logprobs, x)
    for name, value in found.items():
        assert value is None or value.isfinite().all(), name
    expected = differentiate(textbook, x, dtype=torch.float64)
    assert_close(found, expected, rtol=1e-5, atol=1e-3)
    logprobs = expected["logprobs"]
    assert logprobs is not None and logprobs.min() < -1e4 and logprobs.max() > -10  # both ends are there


@pytest.mark.parametrize("entropy_gradient", [False, True])
def test_no_tokens_at_all(entropy_gradient: bool) -> None:
    found = differentiate(head.token_logprobs, case(biased=True, tokens=0), 0.7, entropy_gradient)
    shapes = {name: tuple(value.shape) for name, value in found.items() if value is not None}
    assert shapes.pop("logprobs") == shapes.pop("entropies") == (0,)
    assert shapes == {"hidden_grad": (0, H), "weight_grad": (V, H), "bias_grad": (V,)}
    assert not any(value.any() for value in found.values() if value is not None)


def test_from_logits_too() -> None:
    x = case(biased=True)
    logits = x["hidden"].double() @ x["weight"].double().T + x["bias"].double()
    logprobs, entropies = head.logprobs_of_logits(logits, x["targets"], 0.7)
    assert logprobs.dtype == entropies.dtype == torch.float32
    expected = differentiate(textbook, x, 0.7, dtype=torch.float64)
    assert_close({"logprobs": logprobs, "entropies": entropies}, {n: expected[n] for n in ("logprobs", "entropies")})
