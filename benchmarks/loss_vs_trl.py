"""Loss and gradient of our learner against TRL 1.16's GRPOTrainer on the same samples, off-policy so that clips bite.

Both get the same weights, prompts, responses, rewards and log-probabilities of the policy that sampled. TRL runs its own
code from there on: padding, advantages, importance ratios, loss; only its sampling is replaced by the given samples.
Ours runs `group_advantages`, `make_batch` and `TorchLearner.step`, stopped before the optimiser. Among the groups is one
whose rewards are all equal, which we do not train on and TRL does, with advantages of 0.

A row holds where the largest absolute difference (`ours`) is below the tolerance (`peer`); how large the compared
numbers are stands in the rows that only inform.

Conventions, found to be the same unless it says otherwise:
- std with divisor n - 1 and epsilon 1e-4; rows without advantage count in the means (grpo, dr_grpo by samples, dapo and
  cispo by tokens of the step); dr_grpo's constant is the longest response allowed, and its rewards are not scaled.
- gspo is TRL's loss_type "grpo" with importance_sampling_level "sequence".
- cispo: TRL's `epsilon_high` is the bound of the ratio itself, ours is counted from 1 (its 1.2 is our 0.2, which here is
  lower than anybody's, so that it bites); it has no lower
  bound, ours is 1 - clip_low = 0.
- KL: TRL multiplies the KL by the ratio unless `use_bias_correction_kl` is off; ours is the paper's k3 alone. TRL's is
  off here.
- TIS: TRL's default masks whole sequences; `token_truncate` is the form of the paper, and ours.
- Entropy bonus: TRL averages it over tokens in every loss, ours as the loss averages its own terms; so they are equal for
  dapo and differ for grpo.
- TRL's RLOO is another trainer, with the KL in the reward; it is not compared.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from _rows import Row, print_rows
from _tiny import make_tiny_model, plain_logprobs, run_config
from _trl import grpo_config, have_trl, quiet

from verirl.advantage import group_advantages
from verirl.batch import make_batch
from verirl.learner import TorchLearner
from verirl.models import load_model, load_tokenizer
from verirl.types import Group, Problem, Status, Trajectory, Verdict

TOLERANCE = 1e-5
GROUPS, SIZE, MAX_TOKENS = 6, 4, 12


@dataclass(frozen=True)
class Variant:
    """`ours` goes into [loss], `trl` into GRPOConfig. `target`: the issue asks for it; else the row informs."""

    name: str
    ours: dict[str, Any]
    trl: dict[str, Any]
    target: bool = False
    sampler_differs: bool = field(default=False)  # old log-probabilities are the learner's own, the sampler's are not


VARIANTS = [
    Variant("grpo", {"kind": "grpo"}, {"loss_type": "grpo"}, True),
    Variant("dr_grpo", {"kind": "dr_grpo"}, {"loss_type": "dr_grpo", "scale_rewards": "none"}, True),
    Variant("dapo, clip-higher", {"kind": "dapo"}, {"loss_type": "dapo", "epsilon_high": 0.28}, True),
    Variant(
        "gspo",
        {"kind": "gspo"},
        {"loss_type": "grpo", "importance_sampling_level": "sequence", "epsilon": 3e-4, "epsilon_high": 4e-4},
    ),
    Variant("cispo", {"kind": "cispo", "clip_high": 0.2}, {"loss_type": "cispo", "epsilon_high": 1.2}),
    Variant(
        "grpo with KL (k3)",
        {"kind": "grpo", "kl_coef": 0.1},
        {"loss_type": "grpo", "beta": 0.1, "use_bias_correction_kl": False},
    ),
    Variant(
        "dapo with entropy bonus",
        {"kind": "dapo", "entropy_coef": 0.01},
        {"loss_type": "dapo", "epsilon_high": 0.28, "entropy_coef": 0.01},
    ),
    Variant(
        "grpo with TIS",
        {"kind": "grpo", "importance_cap": 1.2},
        {
            "loss_type": "grpo",
            "vllm_importance_sampling_mode": "token_truncate",
            "vllm_importance_sampling_clip_max": 1.2,
        },
        sampler_differs=True,
    ),
]


@dataclass(frozen=True)
class Measured:
    loss: float
    gradient: dict[str, torch.Tensor]
    clipped: float = 0.0  # share of tokens


class GradientOnly(TorchLearner):
    """Keeps the gradient instead of following it."""

    gradient: dict[str, torch.Tensor]

    def _update(self, loss: float) -> dict[str, float]:
        self.gradient = gradients(self.model)
        self.model.zero_grad()
        return {"grad_norm": 0.0, "learning_rate": 0.0}


def gradients(model: Any) -> dict[str, torch.Tensor]:
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def draw_groups(model: Any) -> list[Group]:
    """Uneven prompts and responses; the policy that sampled was about e^0.3 off, either way; one group all equal."""
    draw = random.Random(0)

    def tokens(low: int, high: int) -> list[int]:
        return [draw.randrange(4, 90) for _ in range(draw.randint(low, high))]

    groups = []
    for number in range(GROUPS):
        prompt, trajectories, verdicts = tokens(2, 9), [], []
        for sample in range(SIZE):
            response = tokens(1, MAX_TOKENS)
            logprobs = [value + draw.gauss(0, 0.3) for value in plain_logprobs(model, prompt, response).tolist()]
            trajectories.append(
                Trajectory(
                    text=f"{number}/{sample}",
                    prompt_ids=prompt,
                    token_ids=response,
                    policy_mask=[1] * len(response),
                    logprobs=logprobs,
                )
            )
            reward = 1.0 if number == 0 else draw.choice([0.0, 0.0, 0.3, 1.0])
            verdicts.append(Verdict(status=Status.PARTIAL, reward=reward))
        problem = Problem(id=str(number), prompt=[{"role": "user", "content": str(number)}], data={}, split="train")
        groups.append(Group(problem=problem, trajectories=trajectories, verdicts=verdicts))
    return groups


def ours(variant: Variant, start: Path, policy: dict[str, torch.Tensor], groups: Sequence[Group]) -> Measured:
    config = run_config(start, rollout={"max_tokens": MAX_TOKENS}, loss=variant.ours)
    model = load_model(config.model, torch.float32)
    learner = GradientOnly(model, load_tokenizer(config.model), config, start / "none")
    learner.model.load_state_dict(policy)
    advantages = [group_advantages([v.reward for v in group.verdicts], config.loss.advantage) for group in groups]
    batch = make_batch(groups, advantages, config.loss.every_row)
    assert batch is not None
    metrics = learner.step(batch)
    return Measured(metrics["loss"], learner.gradient, metrics["clip_fraction"])


def theirs(
    variant: Variant, start: Path, policy: dict[str, torch.Tensor], groups: Sequence[Group], scratch: Path
) -> Measured:
    from datasets import Dataset
    from trl import GRPOTrainer

    samples = [(g.problem, t, v) for g in groups for t, v in zip(g.trajectories, g.verdicts, strict=True)]
    logprobs = [list(trajectory.logprobs) for _, trajectory, _ in samples]
    rewards = {trajectory.text: verdict.reward for _, trajectory, verdict in samples}
    options = {
        "num_generations": SIZE,
        "max_completion_length": MAX_TOKENS,
        "vllm_importance_sampling_correction": variant.sampler_differs,
        **variant.trl,
    }
    model = load_model(run_config(start).model, torch.float32)
    trainer: Any = GRPOTrainer(
        model=model,
        reward_funcs=lambda completions, **_: [rewards[completion[0]["content"]] for completion in completions],
        args=grpo_config(scratch, len(samples), **options),
        train_dataset=Dataset.from_list([{"prompt": list(group.problem.prompt)} for group in groups]),
        processing_class=load_tokenizer(run_config(start).model),
    )
    model.load_state_dict(policy)
    model.train()
    trainer.current_gradient_accumulation_steps = 1  # set by the training loop, which does not run here
    trainer.use_vllm = variant.sampler_differs  # that is what switches TRL's correction on; its engine is not needed

    def given(prompts: Any) -> tuple[Any, ...]:
        return (
            [list(trajectory.prompt_ids) for _, trajectory, _ in samples],
            [list(trajectory.token_ids) for _, trajectory, _ in samples],
            None,
            [[{"role": "assistant", "content": trajectory.text}] for _, trajectory, _ in samples],
            logprobs if variant.sampler_differs else None,
            {},
            None,
            None,
        )

    trainer._generate = given
    inputs = trainer._generate_and_score_completions([{"prompt": list(p.prompt)} for p, _, _ in samples])
    if not variant.sampler_differs:
        old = torch.zeros(inputs["completion_ids"].shape)
        for row, values in enumerate(logprobs):
            old[row, : len(values)] = torch.tensor(values)
        inputs["old_per_token_logps"] = old
    loss = trainer.compute_loss(model, inputs)
    loss.backward()
    return Measured(float(loss.detach()), gradients(model))


def compare(variant: Variant, one: Measured, other: Measured) -> list[Row]:
    if one.gradient.keys() != other.gradient.keys():
        raise SystemExit(f"{variant.name}: the two gradients are of different parameters: the comparison is void")
    difference = max(float((one.gradient[name] - other.gradient[name]).abs().max()) for name in one.gradient)
    largest = [float(max(g.abs().max() for g in measured.gradient.values())) for measured in (one, other)]
    target = 1.0 if variant.target else None

    def row(what: str, value: float) -> Row:
        name = f"{variant.name}: largest difference of the {what} from TRL's, vs tolerance"
        return Row(name, value, TOLERANCE, TOLERANCE / max(value, 1e-12), target)

    return [
        row("loss", abs(one.loss - other.loss)),
        row("gradient", difference),
        Row(f"{variant.name}: loss, vs TRL's", one.loss, other.loss),
        Row(f"{variant.name}: largest element of the gradient, vs TRL's", *largest),
        Row(f"{variant.name}: share of tokens clipped", one.clipped),
    ]


def main() -> None:
    if not have_trl():
        return
    quiet()
    torch.set_num_threads(1)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        start = make_tiny_model(Path(scratch) / "start", seed=1, spread=0.2)
        policy_model: Any = load_model(run_config(start).model, torch.float32)
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():  # the start model is the reference of the KL, so the policy has to have left it
            for parameter in policy_model.parameters():
                parameter += 0.02 * torch.randn(parameter.shape, generator=generator)
        policy = policy_model.state_dict()
        groups = draw_groups(policy_model)
        for variant in VARIANTS:
            one = ours(variant, start, policy, groups)
            other = theirs(variant, start, policy, groups, Path(scratch) / "trl")
            rows += compare(variant, one, other)
    print_rows("our loss and gradient vs TRL's on the same samples", rows)


if __name__ == "__main__":
    main()
