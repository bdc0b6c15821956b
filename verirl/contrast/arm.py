"""One arm: a run like any other, under its own reward, measured at every evaluation."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import torch

from verirl.contrast.measure import Ruler, measure
from verirl.contrast.plan import Labels, Plan
from verirl.contrast.seed import Retraining, bought, first_models
from verirl.contrast_config import ArmConfig
from verirl.evaluate import eval_file, evaluate
from verirl.models import load_model
from verirl.rewards.learned import LearnedReward
from verirl.runlog import append_jsonl, checkpoint_step, list_checkpoints, open_run, read_jsonl, write_atomically
from verirl.session import Session
from verirl.stats import summarize
from verirl.train import train
from verirl.types import Group, Problem, Reward, Trajectory, Verdict

MEASURES = "measures.jsonl"


def run_arm(plan: Plan, arm: ArmConfig, seed: int) -> None:
    """Trains and measures; goes on where an earlier call was cut off, and does nothing where it was not."""
    config = plan.run_config(arm, seed)
    folder = plan.arm_folder(seed, arm)
    measures = folder / MEASURES
    if any(line["step"] == config.steps for line in read_jsonl(measures)):
        return
    session = Session(config)
    problems, held_out = session.problems("train"), session.problems(config.eval.split, config.eval.problems)
    with session.open_pool() as pool:
        pool.prepare([*problems, *held_out])
        log = open_run(folder, config, resume=folder.exists())
        sampler, learner = session.sampler(), session.learner(folder / "checkpoints")
        ruler = Ruler(
            wish=plan.rater(plan.wish),
            first=first_models(plan, seed, session.tokenizer),
            start=load_model(config.model, torch.float32).to(learner.device).eval(),  # type: ignore[arg-type]
            references=references(session, held_out),
            temperature=config.eval.temperature,
            max_tokens=config.eval.max_tokens or config.rollout.max_tokens,
        )

        def meter(reward: Reward, number: int) -> Callable[[int], float | None]:
            """What `train` calls to evaluate: each evaluation is sampled, verified and measured, once and whole."""

            def evaluation(step: int) -> float | None:
                for line in read_jsonl(measures):
                    if line["step"] == step:
                        return float(line["greedy"])
                path = eval_file(folder, step)
                path.unlink(missing_ok=True)  # a part of it lacks the tokens that are measured
                drawn: list[tuple[Verdict, Trajectory]] = []
                records = evaluate(
                    held_out,
                    sampler,
                    pool.verify_trajectory,
                    session.encode,
                    config,
                    path,
                    f"step-{step:06d}",
                    lambda verdict, trajectory: drawn.append((verdict, trajectory)),
                )
                summary = summarize(records)
                groups = _sampled_groups(held_out, drawn, config.eval.samples)
                line = {
                    "arm": arm.name,
                    "seed": seed,
                    "step": step,
                    "greedy": summary.greedy,
                    "truncated": summary.truncated.get("sampled"),
                    **measure(groups, reward, ruler, learner),
                    "round": number,
                }
                append_jsonl(measures, line)
                return summary.greedy

            return evaluation

        stretch = config.steps // (arm.rounds + 1)
        spent = bought(plan, seed, Labels(rater=arm.rater, times=arm.labels)) if arm.reward == "learned" else None
        retraining = Retraining(plan, arm, seed, session, sampler, pool)
        for number in range(arm.rounds + 1):
            end = (number + 1) * stretch
            done = checkpoint_step(list_checkpoints(folder / "checkpoints"))
            if number:
                if done < end:  # the newest checkpoint's weights are what the new pairs are drawn from
                    learner.resume()
                    sampler.load(learner.weights(), version=done)
                model, cost = retraining.round(number)
                spent = cost if spent is None else spent + cost
                reward: Reward = LearnedReward.open([str(model)], "mean", session.tokenizer)
            else:
                reward = session.reward(pool)
            if done > end:
                continue  # this stretch was over when the run was cut off
            if spent is not None:
                write_atomically(folder / "arm.json", json.dumps(spent.as_dict()) + "\n")
            part = config.model_copy(update={"steps": end})
            train(part, problems, sampler, reward, learner, session.encode, log, evaluate=meter(reward, number))


def references(session: Session, problems: Sequence[Problem]) -> dict[str, str]:
    """Right responses, by problem id, where the task has them."""
    if not hasattr(session.task, "reference"):
        return {}
    found = {problem.id: session.task.reference(problem) for problem in problems}
    return {name: text for name, text in found.items() if text is not None}


def _sampled_groups(
    problems: Sequence[Problem], drawn: Sequence[tuple[Verdict, Trajectory]], samples: int
) -> list[Group]:
    """The sampled responses of an evaluation by problem; its requests are a greedy one and `samples` sampled ones each."""
    by_request = {trajectory.request: (verdict, trajectory) for verdict, trajectory in drawn}
    groups = []
    for place, problem in enumerate(problems):
        first = place * (samples + 1) + 1
        found = [by_request[request] for request in range(first, first + samples)]
        groups.append(Group(problem=problem, trajectories=[t for _, t in found], verdicts=[v for v, _ in found]))
    return groups
