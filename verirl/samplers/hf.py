"""Sampling with HF generate: slower than vLLM, and all that is needed where vLLM does not run.

Every sample has a seed of its own: the token with the largest logit / temperature + Gumbel noise is a draw from the
softmax (Gumbel-max trick), and each row's noise comes from its own generator.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch

from verirl.config import RunConfig
from verirl.errors import StaleWeightsError
from verirl.models import load_model, load_tokenizer
from verirl.types import Request, Trajectory


class HfSampler:
    """Holds a copy of the policy in float32; yields samples `max_num_seqs` at a time."""

    def __init__(self, config: RunConfig, folder: str) -> None:
        from transformers import GenerationConfig

        self.version = 0
        self.batch = config.sampler.max_num_seqs
        named = config.model.model_copy(update={"name": folder})
        self.tokenizer: Any = load_tokenizer(named)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model: Any = load_model(named, torch.float32).to(self.device).eval()  # type: ignore[arg-type]
        stops = self.model.generation_config.eos_token_id
        self.stops = set(stops) if isinstance(stops, list) else {stops}
        self.stops |= {self.tokenizer.eos_token_id}
        self.stops.discard(None)
        # What else the model ships there (a repetition penalty, say) would sample from another policy than the learner's.
        self.model.generation_config = GenerationConfig()  # type: ignore[no-untyped-call]

    @torch.no_grad()
    def sample(self, requests: Sequence[Request]) -> Iterator[Trajectory]:
        for start in range(0, len(requests), self.batch):
            part = requests[start : start + self.batch]
            width = max(len(request.prompt_ids) for request in part)
            ids = torch.full((len(part), width), self.tokenizer.pad_token_id)
            attention = torch.zeros_like(ids)
            for row, request in enumerate(part):
                ids[row, width - len(request.prompt_ids) :] = torch.tensor(request.prompt_ids)
                attention[row, width - len(request.prompt_ids) :] = 1
            draw = _SeededDraw(part, self.device)
            output = self.model.generate(
                input_ids=ids.to(self.device),
                attention_mask=attention.to(self.device),
                max_new_tokens=max(request.max_tokens for request in part),
                do_sample=False,
                logits_processor=[draw],
                pad_token_id=self.tokenizer.pad_token_id,
                eos_token_id=sorted(self.stops),
                generation_config=None,
            )
            rows = output[:, width:].tolist()
            logprobs = torch.stack(draw.logprobs, 1).tolist()
            for row, request in enumerate(part):
                yield self._trajectory(request, rows[row], logprobs[row], start + row)

    def _trajectory(self, request: Request, row: list[int], logprobs: list[float], index: int) -> Trajectory:
        token_ids = row[: request.max_tokens]
        end = next((i for i, token in enumerate(token_ids) if token in self.stops), None)
        if end is not None:
            token_ids = token_ids[: end + 1]
        return Trajectory(
            text=self.tokenizer.decode(token_ids, skip_special_tokens=True),
            prompt_ids=request.prompt_ids,
            token_ids=token_ids,
            policy_mask=[1] * len(token_ids),
            logprobs=logprobs[: len(token_ids)],
            finish_reason="length" if end is None else "stop",
            policy_versions=[self.version] * len(token_ids),
            request=index,
        )

    def release(self) -> None:
        """There is no cache to give back, and the weights stay."""

    @torch.no_grad()
    def load(self, weights: Iterable[tuple[str, torch.Tensor]], version: int) -> None:
        given = dict(weights)
        held = dict(self.model.named_parameters())
        self._transfer(given, held)
        stale = [name for name in held if name not in given or not torch.equal(held[name], given[name].to(self.device))]
        if stale:
            raise StaleWeightsError(
                f"after loading version {version} the sampler's weights are not the learner's: {len(stale)} differ, "
                f"{stale[0]} among them. Samples would come from another policy, so the run stops here."
            )
        self.version = version

    def _transfer(self, given: dict[str, torch.Tensor], held: dict[str, torch.Tensor]) -> None:
        for name, tensor in held.items():
            if name in given:
                tensor.copy_(given[name])


class _SeededDraw:
    """A logits processor: leaves only the drawn token possible, and keeps its log-probability after temperature."""

    def __init__(self, requests: Sequence[Request], device: torch.device) -> None:
        self.requests = requests
        self.generators = [torch.Generator().manual_seed(request.seed) for request in requests]
        temperatures = [request.temperature or 1.0 for request in requests]
        self.temperatures = torch.tensor(temperatures, device=device)[:, None]
        self.logprobs: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        logprobs = (scores.float() / self.temperatures).log_softmax(-1)  # [N, vocabulary]
        noisy = logprobs.clone()
        for row, request in enumerate(self.requests):
            if request.temperature > 0:
                uniform = torch.rand(scores.shape[1], generator=self.generators[row], dtype=torch.float64)
                noisy[row] += -(-uniform.clamp_min(1e-300).log()).log().to(noisy)
        token = noisy.argmax(-1, keepdim=True)
        self.logprobs.append(logprobs.gather(-1, token)[:, 0])
        return torch.full_like(scores, float("-inf")).scatter(-1, token, 0.0)
