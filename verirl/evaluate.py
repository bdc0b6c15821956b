"""Held-out evaluation: a greedy and some sampled responses per problem, verified, every one written down.

The verdicts come from the task's verifier alone, whatever reward the model was trained with.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from verirl.config import RunConfig
from verirl.errors import RunError
from verirl.models import Encode
from verirl.rollout import sample_seed
from verirl.runlog import append_jsonl, read_jsonl, write_atomically, write_jsonl
from verirl.types import Problem, Request, Sampler, Trajectory, Verdict

Verify = Callable[[Problem, Trajectory], Verdict]
Key = tuple[str, str, int]  # problem id, mode, sample


def eval_file(folder: Path, step: int) -> Path:
    return folder / "eval" / f"step-{step:06d}.jsonl"


def evaluate(
    problems: Sequence[Problem],
    sampler: Sampler,
    verify: Verify,
    encode: Encode,
    config: RunConfig,
    path: Path,
    model: str,
    on_sample: Callable[[Verdict, Trajectory], None] = lambda verdict, trajectory: None,
) -> list[dict[str, Any]]:
    """Evaluates into `path` (one line a sample) and returns the lines, sorted by problem, mode and sample.

    What an interrupted call with the same settings has written already is kept and not sampled again, and so is what
    a call with more or fewer samples wrote: the larger number counts. Raises RunError where the file was made with
    other settings, which are kept beside it, and where it cannot be written.
    """
    options = config.eval
    max_tokens = options.max_tokens or config.rollout.max_tokens
    settings = {
        "model": model,
        "task": config.task.model_dump(mode="json"),
        "split": options.split,
        "problems": len(problems),
        "samples": options.samples,
        "temperature": options.temperature,
        "max_tokens": max_tokens,
        "seed": config.seed,
    }
    samples = _claim(path, settings)
    wanted = {
        (problem.id, mode, sample): problem
        for problem in problems
        for mode, sample in [("greedy", 0), *(("sampled", i) for i in range(samples))]
    }
    records: dict[Key, dict[str, Any]] = {}
    for line in read_jsonl(path):
        key = (line["problem_id"], line["mode"], line["sample"])
        if key in wanted:
            records[key] = line
    write_jsonl(path, records.values())
    todo = [key for key in wanted if key not in records]
    # Prompts are rendered first, so that one that is too long stops the call before anything is sampled.
    prompts = {problem.id: encode(problem, max_tokens) for problem in problems}
    requests = [
        Request(
            prompt_ids=prompts[key[0]],
            max_tokens=max_tokens,
            temperature=0.0 if key[1] == "greedy" else options.temperature,
            seed=sample_seed(config.seed, "eval", *key),
            problem=wanted[key],
        )
        for key in todo
    ]
    pending: list[tuple[Key, Trajectory, Future[Verdict]]] = []

    def write_finished(everything: bool) -> None:
        for item in [item for item in pending if everything or item[2].done()]:
            pending.remove(item)
            key, trajectory, future = item
            verdict = future.result()
            records[key] = _record(wanted[key], key, trajectory, verdict)
            append_jsonl(path, records[key])
            on_sample(verdict, trajectory)

    with ThreadPoolExecutor(max_workers=config.reward.workers) as executor:
        for trajectory in sampler.sample(requests):
            key = todo[trajectory.request]
            pending.append((key, trajectory, executor.submit(verify, wanted[key], trajectory)))
            write_finished(everything=False)
        write_finished(everything=True)
    ordered = [records[key] for key in wanted]
    write_jsonl(path, ordered)
    return ordered


def _record(problem: Problem, key: Key, trajectory: Trajectory, verdict: Verdict) -> dict[str, Any]:
    return {
        "problem_id": problem.id,
        "tags": list(problem.tags),
        "mode": key[1],
        "sample": key[2],
        "text": trajectory.text,
        "status": verdict.status.value,
        "score": verdict.reward,
        "finish_reason": trajectory.finish_reason,
        "answer": verdict.answer,
        "reason": verdict.reason,
        "tokens": len(trajectory.token_ids),
        **({"turns": list(trajectory.turns)} if trajectory.turns else {}),
    }


def _claim(path: Path, settings: Mapping[str, Any]) -> int:
    """Writes the settings beside the file, or compares them with those that are there. Returns the samples to have."""
    beside = path.with_suffix(".json")
    samples: int = settings["samples"]
    try:
        if beside.exists():
            before = json.loads(beside.read_text(encoding="utf-8"))
            samples = max(samples, before.get("samples", 0))
            before, settings = ({**each, "samples": samples} for each in (before, settings))
            changed = [key for key in settings if before.get(key) != settings[key]]
            if changed:
                key = changed[0]
                raise RunError(
                    f"{path} was made with other settings ({key} was {before.get(key)!r}, now {settings[key]!r}); "
                    f"delete it and {beside.name}, or choose another folder with --name."
                )
        write_atomically(beside, json.dumps(settings, indent=2) + "\n")
    except ValueError as error:
        raise RunError(f"{beside} is not valid JSON ({error}): delete it and {path.name}.") from None
    except OSError as error:
        raise RunError(f"{beside} cannot be read ({error.strerror or error}).") from None
    return samples
