"""The command line. Parsing only: each verb's work is in commands.py or task_commands.py, imported when the
verb is known."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from verirl import __version__
from verirl.errors import ConfigError, VerirlError

Action = Callable[[argparse.Namespace, Sequence[str], Any], None]

CONFIG_HELP = (
    "any key of the config can be overridden: --rollout.group_size 16; `%(prog)s CONFIG.toml --help` lists them"
)


GOES_ON = {
    "train": "; --resume goes on from the newest checkpoint",
    "sft": "; --resume goes on from the newest checkpoint",
    "eval": "; the same command goes on from here",
}
WITH_CONFIG = ("train", "sft", "eval", "score", "task show")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="verirl", description="Verifiable-reward reinforcement learning for open-domain tasks.", allow_abbrev=False
    )
    top.add_argument("--version", action="version", version=f"verirl {__version__}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    shared = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    shared.add_argument("--json", action="store_true", help="one JSON object a line on stdout, for machines")

    def verb(group: argparse._SubParsersAction, name: str, help: str, config: bool = False) -> argparse.ArgumentParser:  # type: ignore[type-arg]
        made: argparse.ArgumentParser = group.add_parser(
            name,
            help=help,
            description=help,
            parents=[shared],
            allow_abbrev=False,
            epilog=CONFIG_HELP if config else None,
        )
        return made

    for name, help in (
        ("train", "train a model with GRPO; evaluates before and after"),
        ("sft", "warm start: supervised learning on the task's references or on chats"),
    ):
        command = verb(verbs, name, help, config=True)
        command.add_argument("config", metavar="CONFIG.toml")
        command.add_argument("--resume", action="store_true", help="go on from the newest checkpoint of the run")
        command.add_argument("--name", help="the run's folder in runs_dir (default: the config file's stem)")

    command = verb(verbs, "eval", "evaluate a model on held-out problems", config=True)
    command.add_argument("target", metavar="CONFIG.toml|RUN", help="a config, or the folder of a run")
    command.add_argument("--model", help="evaluate this model instead (a folder, or a hub id)")
    command.add_argument(
        "-k", type=_positive, nargs="+", default=[], metavar="K", help="report pass@k and maj@k for these"
    )
    command.add_argument("--compare", metavar="OTHER", help="paired difference to a run folder or eval/*.jsonl")
    command.add_argument("--name", help="folder in runs_dir to write to (default: CONFIG's stem and -eval)")

    command = verb(verbs, "score", "verify stored responses; no model needed")
    command.add_argument("task", metavar="TASK")
    command.add_argument("responses", metavar="RESPONSES.jsonl", help='{"id", "problem", "response"} a line')
    command.add_argument("-o", "--output", metavar="VERDICTS.jsonl", help="default: standard output")
    command.add_argument("--workers", type=_positive, default=2, help="processes that verify (default 2)")

    tasks = verb(verbs, "task", "task plugins").add_subparsers(dest="task_verb", required=True, metavar="VERB")
    verb(tasks, "list", "the installed tasks")
    command = verb(tasks, "show", "a task's config, sizes and an example; --config.key value to try others")
    command.add_argument("task", metavar="NAME")

    command = verb(verbs, "report", "write report.html for a run, or for several side by side (into the first)")
    command.add_argument("runs", nargs="+", metavar="RUN")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 2 wrong input or a refused start, 1 a fault of ours, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    verb = arguments[: 2 if arguments[:1] == ["task"] else 1]
    named = arguments[len(verb) : len(verb) + 1]
    if " ".join(verb) in WITH_CONFIG and named and not named[0].startswith("-"):
        # `verirl train CONFIG.toml --help` is a question about the config, which the overrides' parser answers.
        arguments = ["--config-help" if word in ("-h", "--help") else word for word in arguments]
    args, rest = parser().parse_known_args(arguments)
    rest = ["--help" if word == "--config-help" else word for word in rest]
    os.environ.setdefault("PYDANTIC_ERRORS_INCLUDE_URL", "0")  # our users do not know that pydantic is there
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    try:
        if rest and " ".join(verb) not in WITH_CONFIG:
            raise ConfigError(f"unknown argument {rest[0]!r}.")
        from verirl.display import Display

        with Display(args.json) as display:
            _action(args)(args, rest, display)
        return 0
    except VerirlError as error:
        if os.environ.get("VERIRL_DEBUG"):
            traceback.print_exc()
        print(f"verirl: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"verirl: interrupted{GOES_ON.get(args.verb, '')}.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read our output has gone
        return 0
    except Exception as error:
        if os.environ.get("VERIRL_DEBUG"):
            raise
        with tempfile.NamedTemporaryFile("w", prefix="verirl-", suffix=".log", delete=False, encoding="utf-8") as file:
            traceback.print_exc(file=file)
        print(
            f"verirl: this is a fault of verirl's own ({type(error).__name__}: {str(error)[:300]}); "
            f"please report it with {file.name}. VERIRL_DEBUG=1 shows the traceback here.",
            file=sys.stderr,
        )
        return 1


def _action(args: argparse.Namespace) -> Action:
    """The function of a verb. Only its own module is imported: `task list` should not wait for the config's."""
    if args.verb in ("task", "score"):
        from verirl import task_commands

        return {"list": task_commands.task_list, "show": task_commands.task_show, "score": task_commands.score}[
            args.task_verb if args.verb == "task" else args.verb
        ]
    from verirl import commands

    return {"train": commands.train, "sft": commands.sft, "eval": commands.evaluate, "report": commands.report}[
        args.verb
    ]


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


if __name__ == "__main__":
    sys.exit(main())
