"""The verbs that run a model, and `report`: from checked arguments to the printed result."""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from verirl.config import RunConfig, load_config
from verirl.display import Display, TrainingDisplay
from verirl.errors import DataError, RunError
from verirl.interrupt import Interruption
from verirl.types import Problem, Sampler, Status


def train(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    from verirl.report import write_report
    from verirl.runlog import checkpoint_step, list_checkpoints, open_run
    from verirl.session import Session
    from verirl.sinks import Sinks
    from verirl.stats import summarize
    from verirl.tables import summary_table
    from verirl.train import train as run_loop

    config = load_config(Path(args.config), overrides)
    folder = _run_folder(args, config)
    sinks = Sinks(config, folder, display.warning)
    session = Session(config, args.unsafe)
    session.check_sampler()
    problems = session.problems("train")
    held_out = session.problems(config.eval.split, config.eval.problems)
    _check_disjoint(problems, held_out)
    with display.bar("reading the model", None):
        session.check_prompts(problems, config.rollout.max_tokens)
        session.check_prompts(held_out, config.eval.max_tokens or config.rollout.max_tokens)
    started = time.perf_counter()
    # Signals are listened to until all is closed: a second one, in a hurry, ends what is left to do, and no more.
    with _interruption(display).listen() as interruption, sinks, session.open_pool() as pool:
        with display.bar("preparing the problems", None):
            pool.prepare([*problems, *held_out])
        with display.bar("loading the model", None):
            learner = session.learner(folder / "checkpoints")
        with display.bar(f"starting the sampler ({session.check_sampler()})", None):
            sampler = session.episodes(session.sampler(), pool)
        log = open_run(folder, config, args.resume, sinks)
        earlier = log.earlier_seconds()
        samples = config.rollout.problems_per_step * config.rollout.group_size
        done = checkpoint_step(list_checkpoints(folder / "checkpoints"))
        watcher = TrainingDisplay(display, config.steps, done, samples)

        def evaluate_step(step: int) -> float | None:
            name = config.model.name if step == 0 else f"step-{step:06d}"
            found = summarize(
                _evaluate(session, display, held_out, sampler, pool.verify_trajectory, folder, step, name)
            )
            rates = {"eval/greedy": found.greedy, "eval/sampled": found.sampled}
            sinks.step(step, {mode: rate for mode, rate in rates.items() if rate is not None})
            return found.greedy

        run_loop(
            config,
            problems,
            sampler,
            session.reward(pool),
            learner,
            session.encode,
            log,
            watcher,
            evaluate_step,
            interruption,
        )
        watcher.close()
        summary = _summary(folder, config.steps, earlier + time.perf_counter() - started)
        log.summary(summary)
    report = write_report(folder)
    display.result({"event": "summary", "run": str(folder), **summary}, summary_table(summary))
    display.note(f"report: {report}")


def sft(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    from verirl.report import write_report
    from verirl.runlog import checkpoint_step, list_checkpoints, open_run, read_jsonl
    from verirl.session import Session
    from verirl.sft import chat_examples, make_example_encoder, reference_examples
    from verirl.sft import sft as run_loop
    from verirl.sinks import Sinks
    from verirl.tables import two_columns

    config = load_config(Path(args.config), overrides, "verirl sft CONFIG.toml")
    folder = _run_folder(args, config)
    sinks = Sinks(config, folder, display.warning)
    session = Session(config)
    with display.bar("reading the examples", None):
        encode = make_example_encoder(session.tokenizer, config.sft.sequence_tokens)
        if config.sft.data is not None:
            examples = chat_examples(Path(config.sft.data), encode)
        else:
            examples = reference_examples(session.task, session.problems("train"), encode)
    if not examples:
        raise DataError("there is no example to learn from; see sft.data.")
    with display.bar("loading the model", None):
        learner = session.learner(folder / "checkpoints")
    log = open_run(folder, config, args.resume, sinks)
    done = checkpoint_step(list_checkpoints(folder / "checkpoints"))
    watcher = TrainingDisplay(display, config.steps, done, 0)
    with _interruption(display).listen() as interruption, sinks:
        run_loop(config, examples, learner, log, watcher, interruption)
    watcher.close()
    metrics = read_jsonl(folder / "metrics.jsonl")
    checkpoint = folder / "checkpoints" / f"step-{config.steps:06d}"
    outcome = {
        "examples": len(examples),
        "first_loss": metrics[0]["loss"],
        "last_loss": metrics[-1]["loss"],
        "checkpoint": str(checkpoint),
    }
    write_report(folder)
    display.result({"event": "summary", "run": str(folder), **outcome}, two_columns("sft", outcome))


def evaluate(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    from verirl.config import dump_toml
    from verirl.runlog import checkpoint_step, environment, list_checkpoints, write_atomically
    from verirl.session import Session
    from verirl.stats import compare, summarize
    from verirl.tables import difference_table, eval_tables

    target = Path(args.target)
    is_run = target.is_dir()
    if is_run and not (target / "config.toml").is_file():
        raise RunError(f"{target} is no run folder: there is no config.toml in it.")
    config = load_config(target / "config.toml" if is_run else target, overrides, "verirl eval CONFIG.toml")
    if args.k and max(args.k) > config.eval.samples:
        config = config.model_copy(update={"eval": config.eval.model_copy(update={"samples": max(args.k)})})
    step, model = 0, args.model or config.model.name
    if is_run and not args.model and (checkpoints := list_checkpoints(target / "checkpoints")):
        step, model = checkpoint_step(checkpoints), str(checkpoints[-1])
    if is_run and not args.model and not args.name:
        folder = target
    else:
        base = target.name if is_run else target.stem
        slug = f"-{re.sub(r'[^A-Za-z0-9.]+', '-', args.model).strip('-')}" if args.model else ""
        folder = Path(config.runs_dir) / (args.name or f"{base}-eval{slug}")
    config = config.model_copy(update={"model": config.model.model_copy(update={"name": model})})
    other = _other_records(Path(args.compare)) if args.compare else None
    session = Session(config, args.unsafe)
    session.check_sampler()
    problems = session.problems(config.eval.split, config.eval.problems)
    with display.bar("reading the model", None):
        session.check_prompts(problems, config.eval.max_tokens or config.rollout.max_tokens)
    with session.open_pool() as pool:
        with display.bar("preparing the problems", None):
            pool.prepare(problems)
        sampler = session.episodes(_LazySampler(session, display), pool)
        name = f"step-{step:06d}" if step else model
        records = _evaluate(session, display, problems, sampler, pool.verify_trajectory, folder, step, name)
    if not (folder / "config.toml").exists():
        write_atomically(folder / "config.toml", dump_toml(config))
        write_atomically(folder / "env.json", json.dumps(environment(), indent=2) + "\n")
    summary = summarize(records, args.k or None).as_dict()
    result: dict[str, Any] = {"event": "eval", "run": str(folder), "step": step, "model": model, **summary}
    title = f"{config.task.name} · {config.eval.split} · {summary['n']} problems · {model}"
    tables = [title, *eval_tables(summary)]
    if other is not None:
        try:
            result["difference"] = compare(other, records)
        except DataError as error:  # the evaluation itself is no worse for it
            display.result(result, *tables)
            raise DataError(f"--compare {args.compare}: {error}") from None
        tables += [f"this minus {args.compare}, paired by problem", difference_table(result["difference"])]
    display.result(result, *tables)


def report(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    from verirl.contrast_commands import is_contrast, rewrite_report
    from verirl.report import write_report

    runs = [Path(run) for run in args.runs]
    contrasts = [run for run in runs if is_contrast(run)]
    if contrasts and len(runs) > 1:
        raise RunError(f"{contrasts[0]} is a contrast, which has a page of its own: name it alone.")
    path = rewrite_report(runs[0]) if contrasts else write_report(*runs)
    display.result({"event": "report", "report": str(path)}, str(path))


def _evaluate(
    session: Any,
    display: Display,
    problems: Sequence[Problem],
    sampler: Sampler,
    verify: Any,
    folder: Path,
    step: int,
    model: str,
) -> list[dict[str, Any]]:
    from verirl.evaluate import eval_file
    from verirl.evaluate import evaluate as run_evaluation

    config: RunConfig = session.config
    total = len(problems) * (1 + config.eval.samples)
    with display.bar(f"evaluating step {step}", total) as bar:
        return run_evaluation(
            problems, sampler, verify, session.encode, config, eval_file(folder, step), model, bar.sample
        )


class _LazySampler:
    """Starts the sampler when the first request comes: an evaluation that is complete needs none."""

    def __init__(self, session: Any, display: Display) -> None:
        self.session, self.display = session, display

    def sample(self, requests: Sequence[Any]) -> Iterator[Any]:
        if not requests:
            return
        with self.display.bar(f"starting the sampler ({self.session.check_sampler()})", None):
            sampler = self.session.sampler()
        yield from sampler.sample(requests)

    def release(self) -> None: ...

    def load(self, weights: Any, version: int) -> None:
        raise RunError("an evaluation does not change weights.")


def _interruption(display: Display) -> Interruption:
    return Interruption(lambda: display.note("finishing this step, then saving; Ctrl-C again does not wait"))


def _summary(folder: Path, steps: int, seconds: float) -> dict[str, Any]:
    from verirl.evaluate import eval_file
    from verirl.runlog import peak_rss_gib, read_jsonl
    from verirl.stats import compare, summarize

    before, after = (read_jsonl(eval_file(folder, step)) for step in (0, steps))
    return {
        "before": summarize(before).as_dict(),
        "after": summarize(after).as_dict(),
        "difference": compare(before, after),
        "seconds": round(seconds, 1),
        "peak_rss_gib": round(peak_rss_gib(), 2),
    }


def _run_folder(args: argparse.Namespace, config: RunConfig) -> Path:
    """The run's folder, seen to be free (or resumable) and writable before anything expensive starts."""
    from verirl.runlog import check_run

    folder = Path(config.runs_dir) / (args.name or Path(args.config).stem)
    check_run(folder, config, args.resume)
    return folder


def _check_disjoint(problems: Sequence[Problem], held_out: Sequence[Problem]) -> None:
    shared = {problem.id for problem in problems} & {problem.id for problem in held_out}
    if shared:
        raise DataError(
            f"{len(shared)} problems are in training and in evaluation, {min(shared)!r} among them; "
            "a pass rate on trained problems says nothing. The task's splits must be disjoint."
        )


def _other_records(path: Path) -> list[dict[str, Any]]:
    from verirl.runlog import read_jsonl

    if path.is_dir():
        files = sorted((path / "eval").glob("step-*.jsonl"))
        if not files:
            raise RunError(f"--compare {path}: there is no evaluation in it (eval/step-*.jsonl).")
        path = files[-1]
    if not path.is_file():
        raise RunError(f"--compare {path}: no such run folder or evaluation file.")
    records = read_jsonl(path)
    statuses = set(Status)
    for number, record in enumerate(records, start=1):
        if not {"problem_id", "mode"} <= record.keys() or record.get("status") not in statuses:
            raise DataError(f"--compare {path}, line {number}: not a line of an evaluation, as in RUN/eval/*.jsonl.")
    return records
