"""Training a reward model against TRL 1.16's RewardTrainer: same pairs, same tiny backbone and head, float32, two threads.

4,000 synthetic pairs: random tokens whose utility is a weighted count, labelled with Bradley-Terry noise. Both start from
the same folder (ours, which transformers reads), take the same number of epochs in batches of the same size, with fused
AdamW, the same peak rate, warm-up and cosine. TRL gets the pairs as token ids, no gradient checkpointing, no logging, no
checkpoints. Both look at the same 400 further pairs four times an epoch, by which ours keeps its best weights; a row
without target is of TRL without that. What is timed is the training alone, with the trainer made. Each run is in a process
of its own, in turn, and the medians of three are compared. Both have threads that wait for each other, so that another
program on one of the two cores slows either many times over: the machine must be idle.

Accuracy is on pairs that neither has seen, and its target is that ours is not worse by more than 1.96 standard errors of
the paired difference (of the runs with the first seed).

Two more rows are of ours alone: it must train in under 60 s, and scoring 1,024 samples must take less than a third of the
time that HfSampler needs to sample them.
"""

from __future__ import annotations

import json
import math
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _rows import Row, print_rows
from _tiny import make_tiny_model, run_config
from _trl import have_trl, quiet

PAIRS, HELD_OUT, STOP = 4000, 2000, 400
EPOCHS, BATCH, RATE = 4, 64, 3e-3
REPEATS = 3
THREADS = 2
LIMIT = 60.0  # seconds
SAMPLES, GROUP, MAX_TOKENS = 1024, 8, 16
FIRST, LAST = 4, 100  # token ids that are no special ones


def make_pairs(count: int, seed: int) -> list[Any]:
    """Prompts of 12 tokens, responses of 6 to 16; six tokens are worth something, each time that they come."""
    from verirl.reward_model.training import TokenPair

    draw = random.Random(seed)
    worth = {token: value for token, value in zip(range(10, 70, 10), (1.0, 0.6, 0.3, -0.3, -0.6, -1.0), strict=True)}
    common = [*worth] * 4 + list(range(FIRST, LAST))

    def response() -> tuple[int, ...]:
        return tuple(draw.choice(common) for _ in range(draw.randint(6, 16)))

    def utility(tokens: tuple[int, ...]) -> float:
        return sum(worth.get(token, 0.0) for token in tokens)

    pairs = []
    for _ in range(count):
        prompt = tuple(draw.randrange(FIRST, LAST) for _ in range(12))
        a, b = response(), response()
        takes_a = draw.random() < 1 / (1 + math.exp(2 * (utility(b) - utility(a))))
        chosen, rejected = (a, b) if takes_a else (b, a)
        pairs.append(TokenPair(prompt=prompt, chosen=(*chosen, 2), rejected=(*rejected, 2)))
    return pairs


def make_start(scratch: Path, head: str) -> Path:
    """A folder with an untrained reward model."""
    import torch

    from verirl.models import load_model, load_tokenizer
    from verirl.reward_model.folder import save_reward_model
    from verirl.reward_model.model import RewardModel

    options = run_config(make_tiny_model(scratch / "tiny")).model
    kind: Any = head
    model = RewardModel(load_model(options, torch.float32), load_tokenizer(options), kind)
    save_reward_model(model, scratch / "start")
    return scratch / "start"


def right_of(chosen: Any, rejected: Any) -> list[float]:
    return [float(a > b) for a, b in zip(chosen.tolist(), rejected.tolist(), strict=True)]


def run_ours(start: Path, head: str, seed: int) -> dict[str, Any]:
    from verirl.contrast_config import RewardModelConfig
    from verirl.reward_model.folder import load_reward_model
    from verirl.reward_model.training import raw_scores_of_pairs, train_reward_model

    kind: Any = head
    options = RewardModelConfig(head=kind, learning_rate=RATE, epochs=EPOCHS, pairs_per_step=BATCH, patience=EPOCHS * 4)
    model = load_reward_model(start)
    train, stop = make_pairs(PAIRS, 0), make_pairs(STOP, 1)
    started = time.perf_counter()
    train_reward_model(model, train, stop, options, seed)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "right": right_of(*raw_scores_of_pairs(model, make_pairs(HELD_OUT, 2)))}


def run_trl(start: Path, head: str, seed: int, looks: bool = True) -> dict[str, Any]:
    """`looks` at the stopping pairs as often as ours does."""
    quiet()
    import torch
    from datasets import Dataset
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from trl import RewardConfig, RewardTrainer

    def dataset(pairs: list[Any]) -> Any:
        sides = [{"chosen_ids": [*p.prompt, *p.chosen], "rejected_ids": [*p.prompt, *p.rejected]} for p in pairs]
        return Dataset.from_list(sides)

    auto: Any = AutoModelForSequenceClassification
    steps = EPOCHS * math.ceil(PAIRS / BATCH)
    trainer = RewardTrainer(
        model=auto.from_pretrained(start, dtype=torch.float32),
        args=RewardConfig(
            output_dir=str(start.parent / "trl"),
            use_cpu=True,
            bf16=False,
            fp16=False,
            gradient_checkpointing=False,
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            dataloader_pin_memory=False,
            seed=seed,
            num_train_epochs=EPOCHS,
            per_device_train_batch_size=BATCH,
            learning_rate=RATE,
            lr_scheduler_type="cosine",
            warmup_steps=round(0.05 * steps),
            weight_decay=0.0,
            max_grad_norm=1.0,
            optim="adamw_torch_fused",
            max_length=None,
            eval_strategy="steps" if looks else "no",
            eval_steps=steps // EPOCHS // 4,
            per_device_eval_batch_size=2 * BATCH,
        ),
        train_dataset=dataset(make_pairs(PAIRS, 0)),
        eval_dataset=dataset(make_pairs(STOP, 1)) if looks else None,
        processing_class=AutoTokenizer.from_pretrained(start),
    )
    started = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - started
    model, right = trainer.model.eval(), []
    with torch.no_grad():
        for pair in make_pairs(HELD_OUT, 2):
            a, b = (
                model(input_ids=torch.tensor([[*pair.prompt, *response]])).logits[0, 0]
                for response in (pair.chosen, pair.rejected)
            )
            right.append(float(a > b))
    return {"seconds": seconds, "right": right}


def run_scoring(start: Path, head: str, seed: int) -> dict[str, Any]:
    """Samples of the backbone, scored through `LearnedReward` group by group, as a run does."""
    from verirl.models import load_tokenizer
    from verirl.rewards.learned import LearnedReward
    from verirl.samplers.hf import HfSampler
    from verirl.types import Problem, Request

    folder = start.parent / "tiny"
    config = run_config(folder)
    sampler = HfSampler(config, str(folder))
    reward = LearnedReward.open([str(start)], "mean", load_tokenizer(config.model))
    draw = random.Random(seed)
    prompts = [[draw.randrange(FIRST, LAST) for _ in range(12)] for _ in range(SAMPLES // GROUP)]
    requests = [
        Request(prompt_ids=prompts[number // GROUP], max_tokens=MAX_TOKENS, seed=number) for number in range(SAMPLES)
    ]
    problem = Problem(id="p", prompt=[], data={}, split="train")

    def score(trajectories: list[Any]) -> None:
        for at in range(0, len(trajectories), GROUP):
            reward.score(problem, trajectories[at : at + GROUP])

    score(list(sampler.sample(requests[:64])))  # warm-up
    started = time.perf_counter()
    drawn = list(sampler.sample(requests))
    sampled = time.perf_counter()
    score(drawn)
    return {"sampling": sampled - started, "scoring": time.perf_counter() - sampled}


def run_bare_trl(start: Path, head: str, seed: int) -> dict[str, Any]:
    return run_trl(start, head, seed, looks=False)


SIDES = {"ours": run_ours, "trl": run_trl, "trl-bare": run_bare_trl, "scoring": run_scoring}


def worker(side: str, head: str, seed: int) -> None:
    import torch

    torch.set_num_threads(THREADS)
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(SIDES[side](make_start(Path(scratch), head), head, seed)))


def call(side: str, head: str, seed: int) -> dict[str, Any]:
    words = [sys.executable, __file__, "--worker", side, head, str(seed)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{side}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def accuracy_target(ours: list[float], theirs: list[float]) -> float:
    """Ratio of accuracies from which on ours is not worse beyond 1.96 standard errors of the paired difference."""
    error = statistics.stdev([a - b for a, b in zip(ours, theirs, strict=True)]) / math.sqrt(len(ours))
    return 1 - 1.96 * error / statistics.fmean(theirs)


def main() -> None:
    sides = ["ours", "trl", "trl-bare"] if have_trl() else ["ours"]
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
    for seed in range(REPEATS):
        for side in sides if seed % 2 else reversed(sides):
            runs[side].append(call(side, "last", seed))
    seconds = {side: statistics.median(run["seconds"] for run in found) for side, found in runs.items()}
    rights = {side: found[0]["right"] for side, found in runs.items()}
    accuracy = {side: statistics.fmean(right) for side, right in rights.items()}
    title = f"{PAIRS} pairs, {EPOCHS} epochs in batches of {BATCH}"
    name, share = f"training, seconds, {title}", f"accuracy on {HELD_OUT} held-out pairs"
    if "trl" in runs:
        speed = seconds["trl"] / seconds["ours"]
        ratio, target = accuracy["ours"] / accuracy["trl"], accuracy_target(rights["ours"], rights["trl"])
        rows = [
            Row(f"{name}, vs TRL", seconds["ours"], seconds["trl"], speed, 1.0),
            Row(
                f"{name}, vs TRL that does not look at further pairs",
                seconds["ours"],
                seconds["trl-bare"],
                seconds["trl-bare"] / seconds["ours"],
            ),
            Row(f"{share}, vs TRL, within noise", accuracy["ours"], accuracy["trl"], ratio, target),
        ]
    else:
        rows = [Row(name, seconds["ours"]), Row(share, accuracy["ours"])]
    rows.append(Row(f"{name}, vs the limit", seconds["ours"], LIMIT, LIMIT / seconds["ours"], 1.0))
    sequence = call("ours", "sequence", 0)
    rows += [
        Row(f"{name}, head 'sequence', vs the limit", sequence["seconds"], LIMIT, LIMIT / sequence["seconds"], 1.0),
        Row(f"{share}, head 'sequence'", statistics.fmean(sequence["right"])),
    ]
    for head in ("last", "sequence"):
        found = call("scoring", head, 0)
        what = f"scoring {SAMPLES} samples, seconds, head {head!r}, vs sampling them with HF generate"
        rows.append(Row(what, found["scoring"], found["sampling"], found["sampling"] / found["scoring"], 3.0))
    print_rows("a reward model vs TRL's", rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
