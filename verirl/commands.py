"""What each verb of the command line does, from checked arguments to its printed result."""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.table import Table

from verirl.config import RunConfig, load_config, task_config
from verirl.display import Bar, Display, TrainingDisplay
from verirl.errors import ConfigError, DataError, RunError, VerirlError
from verirl.plugins import available, load_task_class
from verirl.types import SPLITS, Problem, Sampler, Verdict


def train(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    from verirl.report import summary_table, write_report
    from verirl.runlog import open_run
    from verirl.session import Session
    from verirl.train import train as run_loop

    config = load_config(Path(args.config), overrides)
    folder = _run_folder(args, config)
    session = Session(config)
    session.check_sampler()
    problems = session.problems("train")
    held_out = session.problems(config.eval.split, config.eval.problems)
    _check_disjoint(problems, held_out)
    with display.bar("reading the model", None):
        session.check_prompts(problems, config.rollout.max_tokens)
        session.check_prompts(held_out, config.eval.max_tokens or config.rollout.max_tokens)
    started = time.perf_counter()
    with session.open_pool() as pool:
        with display.bar("preparing the problems", None):
            pool.prepare([*problems, *held_out])
        with display.bar("loading the model", None):
            learner = session.learner(folder / "checkpoints")
        with display.bar(f"starting the sampler ({session.check_sampler()})", None):
            sampler = session.sampler()
        log = open_run(folder, config, args.resume)
        earlier = log.earlier_seconds()
        samples = config.rollout.problems_per_step * config.rollout.group_size
        watcher = TrainingDisplay(display, config.steps, 0, samples)

        def evaluate_step(step: int) -> None:
            name = config.model.name if step == 0 else f"step-{step:06d}"
            _evaluate(session, display, held_out, sampler, pool.verify, folder, step, name)

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
        )
        watcher.close()
    summary = _summary(folder, config.steps, earlier + time.perf_counter() - started)
    log.summary(summary)
    report = write_report(folder)
    display.result({"event": "summary", "run": str(folder), **summary}, summary_table(summary))
    display.note(f"everything is in {folder}; open {report} to see how it went.")


def sft(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    from verirl.report import write_report
    from verirl.runlog import open_run, read_jsonl
    from verirl.session import Session
    from verirl.sft import chat_examples, make_example_encoder, reference_examples
    from verirl.sft import sft as run_loop

    config = load_config(Path(args.config), overrides)
    folder = _run_folder(args, config)
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
    log = open_run(folder, config, args.resume)
    watcher = TrainingDisplay(display, config.steps, 0, 0)
    run_loop(config, examples, learner, log, watcher)
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
    display.result({"event": "summary", "run": str(folder), **outcome}, _two_columns("sft", outcome))


def evaluate(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    from verirl.learner import list_checkpoints
    from verirl.runlog import environment, write_atomically
    from verirl.session import Session
    from verirl.stats import compare, summarize

    target = Path(args.target)
    is_run = target.is_dir()
    if is_run and not (target / "config.toml").is_file():
        raise RunError(f"{target} is no run folder: there is no config.toml in it.")
    config = load_config(target / "config.toml" if is_run else target, overrides)
    if args.k and max(args.k) > config.eval.samples:
        config = config.model_copy(update={"eval": config.eval.model_copy(update={"samples": max(args.k)})})
    step, model = 0, args.model or config.model.name
    if is_run and not args.model:
        checkpoints = list_checkpoints(target / "checkpoints")
        if checkpoints:
            step, model = int(checkpoints[-1].name.removeprefix("step-")), str(checkpoints[-1])
        folder = target
    else:
        base = target.name if is_run else target.stem
        slug = f"-{re.sub(r'[^A-Za-z0-9.]+', '-', args.model).strip('-')}" if args.model else ""
        folder = Path(config.runs_dir) / (args.name or f"{base}-eval{slug}")
    config = config.model_copy(update={"model": config.model.model_copy(update={"name": model})})
    other = _other_records(Path(args.compare)) if args.compare else None
    session = Session(config)
    session.check_sampler()
    problems = session.problems(config.eval.split, config.eval.problems)
    with display.bar("reading the model", None):
        session.check_prompts(problems, config.eval.max_tokens or config.rollout.max_tokens)
    with session.open_pool() as pool:
        with display.bar("preparing the problems", None):
            pool.prepare(problems)
        sampler = _LazySampler(session, display)
        name = f"step-{step:06d}" if step else model
        records = _evaluate(session, display, problems, sampler, pool.verify, folder, step, name)
    if not (folder / "config.toml").exists():
        from verirl.config import dump_toml

        write_atomically(folder / "config.toml", dump_toml(config))
        write_atomically(folder / "env.json", json.dumps(environment(), indent=2) + "\n")
    summary = summarize(records, args.k or None).as_dict()
    result: dict[str, Any] = {"event": "eval", "run": str(folder), "step": step, "model": model, **summary}
    tables = eval_tables(summary, f"{config.task.name} · {config.eval.split} · {model}")
    if other is not None:
        result["difference"] = compare(other, records)
        tables.append(difference_table(result["difference"], args.compare))
    display.result(result, *tables)


def score(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    from verirl.workers import WorkerPool, verdict_to_json

    task = load_task_class(args.task)
    own = _task_overrides(task, overrides)
    pairs = list(_read_responses(Path(args.responses)))
    counts: Counter[str] = Counter()
    try:
        out = open(args.output, "w", encoding="utf-8") if args.output else None  # noqa: SIM115 - closed below
    except OSError as error:
        raise RunError(f"{args.output} cannot be written ({error.strerror}).") from None
    started = time.perf_counter()
    with WorkerPool(args.task, own, workers=args.workers) as pool, ThreadPoolExecutor(args.workers) as executor:
        pool.prepare([problem for problem, _ in pairs])
        with display.bar("verifying", len(pairs)) as bar:
            for (problem, _), verdict in zip(
                pairs, executor.map(lambda pair: pool.verify(*pair), pairs), strict=True
            ):
                line = json.dumps({"id": problem.id, **verdict_to_json(verdict, verdict.seconds)})
                if out is not None:
                    out.write(line + "\n")
                else:
                    print(line)
                counts[verdict.status.value] += 1
                done = sum(counts.values())
                rate = done / (time.perf_counter() - started)
                bar.advance(1, f"pass {counts['correct'] / done:.1%}  {rate:.0f} verdicts/s")
    if out is not None:
        out.close()
        total = sum(counts.values())
        table = Table("status", "responses", "share", title=f"{args.task} · {args.responses}")
        for status, count in counts.most_common():
            table.add_row(status, str(count), f"{count / total:.1%}")
        display.result({"event": "score", "responses": total, "statuses": dict(counts), "output": args.output}, table)


def task_list(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    _none_left(overrides)
    points = available()
    table = Table("task", "plugin", "from")
    rows = []
    for name, point in points.items():
        package = f"{point.dist.name} {point.dist.version}" if point.dist else "?"
        table.add_row(name, point.value, package)
        rows.append({"name": name, "plugin": point.value, "package": package})
    display.result({"tasks": rows}, table)


def task_show(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    task = load_task_class(args.task)
    config = task_config(task, _task_overrides(task, overrides), f"task {args.task}")
    made = task(config)
    fields = []
    options = Table("config key", "default", "meaning", title=f"{args.task}: {_first_line(task)}")
    for name, field in type(config).model_fields.items():
        value = getattr(config, name)
        options.add_row(name, repr(value), (field.description or "").strip())
        fields.append({"key": name, "value": value, "meaning": field.description})
    splits, shown = {}, None
    sizes = Table("split", "problems", "tags", title="problems")
    for split in SPLITS:
        try:
            problems = made.problems(split)
        except VerirlError as error:  # a data set that is not here must not hide the rest
            sizes.add_row(split, "—", str(error))
            splits[split] = {"error": str(error)}
            continue
        tags = Counter(tag for problem in problems for tag in problem.tags)
        sizes.add_row(split, str(len(problems)), ", ".join(f"{tag} {n}" for tag, n in tags.most_common(8)))
        splits[split] = {"problems": len(problems), "tags": dict(tags)}
        shown = shown or (problems[0] if problems else None)
    optional = ("reference", "cases", "prepare", "verify_group", "verify_strict", "respond", "verify_episode")
    offers = [name for name in optional if hasattr(task, name)]
    example: dict[str, Any] = {"has": ", ".join(["problems", "verify", *offers])}
    if shown is not None:
        example |= {"id": shown.id, "prompt": shown.prompt[-1]["content"], "data": json.dumps(dict(shown.data))}
        if "reference" in offers:
            example["reference"] = made.reference(shown)
    display.result(
        {"name": args.task, "config": fields, "splits": splits, "example": example},
        options,
        sizes,
        _two_columns("a problem", example),
    )


def report(args: argparse.Namespace, overrides: Sequence[str], display: Display) -> None:
    from verirl.report import write_report

    _none_left(overrides)
    for run in args.runs:
        if not Path(run).is_dir():
            raise RunError(f"{run}: no such run folder.")
    path = write_report(*map(Path, args.runs))
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
    with display.bar(f"  evaluating step {step}", total) as bar:
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

    def load(self, weights: Any, version: int) -> None:
        raise RunError("an evaluation does not change weights.")


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
            f"{len(shared)} problems are in training and in evaluation, {sorted(shared)[0]!r} among them; "
            "a pass rate on trained problems says nothing. The task's splits must be disjoint."
        )


def _task_overrides(task: type, overrides: Sequence[str]) -> dict[str, Any]:
    """`--config.key value` pairs as a dict, typed by the plugin's own config."""
    if not overrides:
        return {}
    import tyro
    from pydantic import ValidationError, create_model

    from verirl.config import explain

    model: Any = task.Config  # type: ignore[attr-defined]
    wrapper = create_model("Score", config=(model, model()))
    try:
        parsed = tyro.cli(wrapper, args=list(overrides), prog="verirl")
    except ValidationError as error:
        raise ConfigError(explain(error, "command line")) from None
    return dict(parsed.config.model_dump(mode="json"))  # type: ignore[attr-defined]


def _read_responses(path: Path) -> Iterator[tuple[Problem, str]]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from None
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        where = f"{path}, line {number}"
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: not JSON ({error}).") from None
        if not isinstance(value, dict):
            raise DataError(f'{where}: expected an object {{"id", "problem", "response"}}.')
        for key, kind in (("id", str), ("problem", dict), ("response", str)):
            if key not in value:
                raise DataError(f"{where}: the field {key!r} is missing.")
            if not isinstance(value[key], kind) and not (key == "id" and isinstance(value[key], int)):
                expected = {"id": "a string", "problem": "an object", "response": "a string"}[key]
                raise DataError(f"{where}: the field {key!r} must be {expected}.")
        yield Problem(id=str(value["id"]), prompt=[], data=value["problem"], split="test"), value["response"]


def _other_records(path: Path) -> list[dict[str, Any]]:
    from verirl.runlog import read_jsonl

    if path.is_dir():
        files = sorted((path / "eval").glob("step-*.jsonl"))
        if not files:
            raise RunError(f"--compare {path}: there is no evaluation in it (eval/step-*.jsonl).")
        path = files[-1]
    if not path.is_file():
        raise RunError(f"--compare {path}: no such run folder or evaluation file.")
    return read_jsonl(path)


def _none_left(overrides: Sequence[str]) -> None:
    if overrides:
        raise ConfigError(f"unknown argument {overrides[0]!r}.")


def _first_line(task: type) -> str:
    return (task.__doc__ or "").strip().splitlines()[0] if task.__doc__ else ""


def _two_columns(title: str, values: dict[str, Any]) -> Table:
    table = Table(title=title, show_header=False)
    for key, value in values.items():
        table.add_row(key, f"{value:.4f}" if isinstance(value, float) else str(value))
    return table


def rate(value: float | None, interval: Sequence[float] | None = None) -> str:
    if value is None:
        return "—"
    return f"{value:.1%}" + (f"  [{interval[0]:.1%}, {interval[1]:.1%}]" if interval else "")


def eval_tables(summary: dict[str, Any], title: str) -> list[Table]:
    """An evaluation as people read it: rates with 95% intervals, then counts, then tags."""
    main = Table("measure", "value  [95% interval]", title=f"{title} · {summary['n']} problems")
    main.add_row("greedy pass rate", rate(summary["greedy"], summary["greedy_interval"]))
    main.add_row("sampled pass rate", rate(summary["sampled"], summary["sampled_interval"]))
    for k, value in summary["pass_at_k"].items():
        main.add_row(f"pass@{k}", rate(value))
    for k, value in summary["maj_at_k"].items():
        main.add_row(f"maj@{k}", rate(value))
    main.add_row("greedy, answers not truncated", rate(summary["greedy_finished"], summary["greedy_finished_interval"]))
    for mode, score in (("greedy", summary["greedy_score"]), ("sampled", summary["sampled_score"])):
        if score is not None:
            main.add_row(f"mean score, {mode}", f"{score:.3f}")
    for mode, share in summary["truncated"].items():
        main.add_row(f"truncated, {mode}", rate(share))
    for mode, length in summary["length"].items():
        main.add_row(f"tokens, {mode}", f"mean {length['mean']:.1f}, median {length['median']:.0f}, max {length['max']:.0f}")
    verdicts = Table("verdict", *summary["verdicts"], title="verdicts")
    for status in sorted({status for counts in summary["verdicts"].values() for status in counts}):
        verdicts.add_row(status, *(str(counts.get(status, 0)) for counts in summary["verdicts"].values()))
    tables = [main, verdicts]
    if summary["tags"]:
        tags = Table("tag", "problems", "greedy", "sampled", title="by tag")
        for tag, row in summary["tags"].items():
            tags.add_row(
                tag, str(row["n"]), rate(row["greedy"], row["greedy_interval"]), rate(row["sampled"], row["sampled_interval"])
            )
        tables.append(tags)
    return tables


def difference_table(difference: dict[str, Any], other: str) -> Table:
    table = Table("answers", "difference  [95% interval]", "p", "problems", title=f"this minus {other}, paired")
    rows = [
        ("greedy", difference),
        ("greedy, truncated in neither", difference["finished"]),
        ("sampled", difference["sampled"]),
    ]
    for name, row in rows:
        if row is not None:
            interval = f"[{100 * row['low']:+.1f}, {100 * row['high']:+.1f}]"
            table.add_row(name, f"{100 * row['value']:+.1f} points  {interval}", f"{row['p']:.2g}", str(row["n"]))
    return table
