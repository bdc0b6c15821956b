"""`verirl rm`: preference pairs of a policy, the reward models that learn from them, and what those are worth."""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from verirl.config import RunConfig, load_config
from verirl.display import Bar, Display
from verirl.errors import ConfigError, DataError, ModelError, RunError
from verirl.types import Group, Problem

PAIRS, SAMPLES = "pairs.jsonl", "samples.jsonl"
AT_ONCE = 64  # problems that are drawn between two looks at the progress


def collect(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    """Samples the policy and asks the rater, or takes people's pairs over; RUN/pairs.jsonl and RUN/samples.jsonl."""
    from verirl.reward_model.members import samples_of
    from verirl.reward_model.preferences import read_people_pairs, write_pairs
    from verirl.runlog import open_run, write_jsonl

    config = load_config(Path(args.config), overrides, "verirl rm collect CONFIG.toml")
    folder = Path(config.runs_dir) / (args.name or f"{Path(args.config).stem}-preferences")
    _check_free(folder, PAIRS, config, resume=False)
    started = time.perf_counter()
    if config.preferences.rater.kind == "jsonl":
        if config.preferences.data is None:
            raise ConfigError("preferences.rater.kind = 'jsonl' needs preferences.data: a file of people's pairs.")
        groups: list[Group] = []
        pairs = read_people_pairs(Path(config.preferences.data))
        open_run(folder, config, resume=False)
        found: dict[str, Any] = {"pairs": len(pairs), "asked": len(pairs), "ties": 0, "flipped": 0}
    else:
        _check_splits(config, display)
        pairs, groups, found = _ask(config, folder, args.unsafe, display)
    write_jsonl(folder / SAMPLES, map(asdict, samples_of(groups)))
    write_pairs(folder / PAIRS, pairs)
    summary = {**found, "seconds": round(time.perf_counter() - started, 1)}
    _finish(folder, "preference pairs", summary, display)


def train(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    """Trains the members, averages them where that is asked for, and reports on pairs that decided nothing."""
    from verirl.reward_model.members import read_samples, train_members
    from verirl.reward_model.preferences import read_pairs, split_pairs
    from verirl.reward_model.training import total_steps
    from verirl.runlog import open_run, write_atomically
    from verirl.session import Session

    config = load_config(Path(args.config), overrides, "verirl rm train CONFIG.toml")
    stem = Path(args.config).stem
    folder = Path(config.runs_dir) / (args.name or f"{stem}-reward-model")
    _check_free(folder, "summary.json", config, args.resume)
    source = Path(args.pairs) if args.pairs else Path(config.runs_dir) / f"{stem}-preferences"
    source = source / PAIRS if source.is_dir() or not args.pairs else source
    if not source.is_file():
        raise DataError(
            f"{source}: no such file of preference pairs; `verirl rm collect` makes one, --pairs names one."
        )
    pairs = read_pairs(source)
    samples = read_samples(source.parent / SAMPLES)
    options = config.reward_model
    if options.average and options.members < 2:
        raise ConfigError("reward_model.average needs reward_model.members = 2 or more: one model has no average.")
    planned = total_steps(len(split_pairs(pairs, options.stop_share, options.report_share, config.seed)[0]), options)
    session = Session(config)
    with display.bar("reading the model", None):
        tokenizer = session.tokenizer
    session.set_threads()
    open_run(folder, config, args.resume)
    with _member_bars(display, planned) as on_step:
        summary = train_members(
            folder,
            pairs,
            samples,
            config.model,
            tokenizer,
            options,
            config.seed,
            members=options.members,
            averages=[("average", options.members)] if options.average else [],
            micro_batch_tokens=config.optimizer.micro_batch_tokens,
            on_step=on_step,
        )
    write_atomically(folder / "summary.json", json.dumps(summary, indent=2) + "\n")
    display.result({"event": "summary", "run": str(folder), **summary}, *_tables(summary))
    display.note(f"reward.models = [{str(folder)!r}] makes it the reward of a run.")


def evaluate(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    """Reports on other pairs; those of problems that the models learned from, or were stopped by, are left out."""
    from verirl.models import quiet
    from verirl.reward_model.folder import load_reward_model, member_folders
    from verirl.reward_model.members import read_samples, reports

    quiet()
    folder = Path(args.target)
    folders = member_folders(folder)
    source = Path(args.pairs) / PAIRS if Path(args.pairs).is_dir() else Path(args.pairs)
    pairs = _read_any(source)
    samples = read_samples(source.parent / SAMPLES)
    seen = _problems_seen(folder)
    fresh = [pair for pair in pairs if pair.problem_id not in seen]
    if not fresh:
        raise DataError(f"{source}: every pair in it is of a problem that {folder} learned from; take pairs of others.")
    with display.bar("loading the reward models", None):
        models = [load_reward_model(path) for path in folders]
        if len({tuple(sorted(model.tokenizer.get_vocab().items())) for model in models}) > 1:
            raise ModelError(f"{folder}: its members have different tokenizers, so no pair means the same to all.")
    left = [sample for sample in samples if sample.problem_id not in seen]
    with display.bar("scoring", None):
        found = reports(models, fresh, left)
        members = [reports([model], fresh, left) for model in models]
    outcome = {**found, "left_out": len(pairs) - len(fresh), "members": members}
    display.result({"event": "rm_eval", "model": str(folder), "pairs_file": str(source), **outcome}, *_tables(outcome))


# ------------------------------------------------------------------------------------------------------------- collecting


def _ask(
    config: RunConfig, folder: Path, unsafe: bool, display: Display
) -> tuple[list[Any], list[Group], dict[str, Any]]:
    """(pairs, groups, numbers for the summary). Problems come in an order that the seed decides, and no more of them
    are drawn than it takes to have `preferences.pairs` pairs with `pairs_per_problem` comparisons each."""
    from verirl.reward_model.preferences import draw, label
    from verirl.runlog import open_run
    from verirl.session import Session

    options, limit = config.preferences, config.rollout.max_tokens
    session = Session(config, unsafe)
    session.check_sampler()
    problems = session.problems(options.split)
    _check_disjoint(problems, session.problems(config.eval.split))
    random.Random(f"{config.seed}/preferences").shuffle(problems)
    with display.bar("reading the model", None):
        session.check_prompts(problems, limit)
    groups: list[Group] = []
    first = math.ceil(options.pairs / options.pairs_per_problem)
    with session.open_pool() as pool:
        session.refuse_episodes(pool)
        with display.bar(f"starting the sampler ({session.check_sampler()})", None):
            sampler = session.sampler()
        open_run(folder, config, resume=False)
        with display.bar("problems", min(first, len(problems))) as bar:
            while True:
                left = first - len(groups)
                part = problems[len(groups) : len(groups) + min(left if left > 0 else first, AT_ONCE)]
                pool.prepare(part)
                groups += draw(part, sampler, pool.verify_group, session.encode, config, config.seed, options.samples)
                bar.advance(len(part))
                if len(groups) < min(first, len(problems)):
                    continue
                found = label(groups, options.rater, options.pairs, options.pairs_per_problem, config.seed, limit)
                one_round = found.asked <= options.pairs_per_problem * len(groups)
                if len(groups) == len(problems) or (len(found.pairs) == options.pairs and one_round):
                    break
    if not found.pairs:
        raise DataError(
            f"the rater had no preference in {found.asked} comparisons, so there is not one pair: take a policy that is "
            "right at times, more preferences.samples, or another rater."
        )
    if len(found.pairs) < options.pairs:
        display.note(
            f"{len(found.pairs)} pairs are all that {len(groups)} problems give; {options.pairs} were asked for."
        )
    numbers = {"pairs": len(found.pairs), "asked": found.asked, "ties": found.ties, "flipped": found.flipped}
    return found.pairs, groups, {**numbers, **_policy(groups)}


def _policy(groups: Sequence[Group]) -> dict[str, Any]:
    """The policy that was sampled, in numbers."""
    from verirl.stats import mean_interval
    from verirl.types import Status

    rows = [
        (group.problem.id, verdict, trajectory)
        for group in groups
        for verdict, trajectory in zip(group.verdicts, group.trajectories, strict=True)
    ]
    counted = [row for row in rows if row[1].status.caused_by_policy]
    passes = [float(verdict.status is Status.CORRECT) for _, verdict, _ in counted]
    rate = mean_interval(passes, [name for name, _, _ in counted]) if counted else None
    return {
        "problems": len(groups),
        "samples": len(rows),
        "unverified": len(rows) - len(counted),
        "pass_rate": None if rate is None else rate.value,
        "pass_rate_interval": None if rate is None else [rate.low, rate.high],
        "truncated": sum(trajectory.finish_reason == "length" for _, _, trajectory in rows) / len(rows),
    }


def _check_splits(config: RunConfig, display: Display) -> None:
    split = config.preferences.split
    if split == config.eval.split:
        raise ConfigError(
            f"preferences.split and eval.split are both {split!r}: the policy would be evaluated on problems that its "
            "reward model has seen; take another one of the two."
        )
    if split == "train":
        display.note(
            "preferences.split is 'train': train the policy on other problems than these, or its reward model has seen "
            "what it is asked."
        )


def _check_disjoint(problems: Sequence[Problem], held_out: Sequence[Problem]) -> None:
    shared = {problem.id for problem in problems} & {problem.id for problem in held_out}
    if shared:
        raise DataError(
            f"{len(shared)} problems are both in preferences.split and in eval.split, {min(shared)!r} among them; the "
            "task's splits must be disjoint."
        )


# ----------------------------------------------------------------------------------------------------------------- shared


def _check_free(folder: Path, result: str, config: RunConfig, resume: bool) -> None:
    from verirl.runlog import check_run

    if (folder / result).is_file():
        raise RunError(f"{folder} is done already ({result} is in it): choose another folder with --name.")
    check_run(folder, config, resume)


@contextmanager
def _member_bars(display: Display, planned: int) -> Iterator[Callable[[int, int, dict[str, float]], None]]:
    """A function for `train_members` that shows each member's steps, or prints them as JSON."""
    with ExitStack() as stack:
        bars: dict[int, Bar] = {}

        def on_step(member: int, step: int, metrics: dict[str, float]) -> None:
            if member not in bars:
                stack.close()  # the member before has ended
                bars[member] = stack.enter_context(display.bar(f"reward model {member}", planned))
            bars[member].advance(1, f"loss {metrics['loss']:.3f}  right {metrics['accuracy']:.0%}")
            if display.as_json:
                print(json.dumps({"event": "step", "member": member, "step": step, **metrics}), flush=True)

        yield on_step


def _finish(folder: Path, title: str, summary: dict[str, Any], display: Display) -> None:
    from verirl.runlog import write_atomically
    from verirl.tables import two_columns

    write_atomically(folder / "summary.json", json.dumps(summary, indent=2) + "\n")
    shown = {key: value for key, value in summary.items() if not isinstance(value, list)}
    display.result({"event": "summary", "run": str(folder), **summary}, two_columns(title, shown))


def _tables(summary: dict[str, Any]) -> list[Any]:
    from rich.table import Table

    from verirl.format import interval, percent

    sides = [(f"member {number}", member) for number, member in enumerate(summary["members"])]
    if len(sides) > 1:
        sides.append(("mean of scores", summary))
    if "average" in summary:
        sides.append(("average of weights", summary["average"]))
    table = Table("", *(name for name, _ in sides), title="Reward models on what they did not learn from")

    def number(value: float | None) -> str:
        return "–" if value is None else f"{value:.3f}"

    def row(name: str, key: str, shown: Any = number) -> None:
        table.add_row(name, *(shown(side.get(key)) for _, side in sides))

    row("pairs", "n_pairs", str)
    row("told right", "accuracy", percent)
    row("  95% interval", "accuracy_interval", interval)
    row("loss", "loss")
    row("calibration error", "ece")
    row("samples", "n_samples", str)
    row("right minus wrong, in sd", "gap")
    row("area under the curve", "auc")
    row("correlation with length", "length_correlation")
    notes = []
    if summary.get("left_out"):
        notes.append(f"{summary['left_out']} pairs are of problems that were learned from, and left out.")
    return [table, *notes]


def _read_any(path: Path) -> list[Any]:
    """Pairs as `collect` writes them, or people's own."""
    from verirl.reward_model.preferences import read_pairs, read_people_pairs

    try:
        with path.open(encoding="utf-8") as file:
            ours = "chosen_tokens" in file.readline()
    except (OSError, UnicodeDecodeError):
        ours = False  # the reader says what is wrong
    return read_pairs(path) if ours else read_people_pairs(path)


def _problems_seen(folder: Path) -> set[str]:
    """Problems that the models of a run, or a single one of its models, learned from or were stopped by."""
    for above in (folder, folder.parent, folder.parent.parent):
        path = above / "problems.json"
        if path.is_file():
            used = json.loads(path.read_text(encoding="utf-8"))
            return {*used["train"], *used["stop"]}
    return set()
