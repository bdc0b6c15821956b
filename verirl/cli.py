"""The command line. Parsing only: each verb's work is in commands.py or task_commands.py, imported when the
verb is known."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, NoReturn

from verirl import __version__
from verirl.errors import ConfigError, VerirlError

Action = Callable[[argparse.Namespace, Sequence[str], Any], int | None]  # the exit code, where it is not 0

CONFIG_HELP = (
    "any key of the config can be overridden: --rollout.group_size 16; `%(prog)s CONFIG.toml --help` lists them"
)


GOES_ON = {  # where the interrupted verb does not say itself what it saved
    "train": "; --resume goes on from the newest checkpoint",
    "sft": "; --resume goes on from the newest checkpoint",
    "eval": "; the same command goes on from here",
    "contrast": "; --resume goes on from here",
    "rm train": "; --resume keeps the reward models that are done",
}
WITH_CONFIG = ("train", "sft", "eval", "score", "task show", "task check", "rm collect", "rm train", "contrast")


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

    def unsafe(command: argparse.ArgumentParser) -> None:
        command.add_argument("--unsafe", action="store_true", help="run what the model wrote without a sandbox")

    for name, help in (
        ("train", "train a model with GRPO; evaluates before and after"),
        ("sft", "warm start: supervised learning on the task's references or on chats"),
    ):
        command = verb(verbs, name, help, config=True)
        command.add_argument("config", metavar="CONFIG.toml")
        command.add_argument("--resume", action="store_true", help="go on from the newest checkpoint of the run")
        command.add_argument("--name", help="the run's folder in runs_dir (default: the config file's stem)")
        if name == "train":
            unsafe(command)

    command = verb(verbs, "eval", "evaluate a model on held-out problems", config=True)
    command.add_argument("target", metavar="CONFIG.toml|RUN", help="a config, or the folder of a run")
    command.add_argument("--model", help="evaluate this model instead (a folder, or a hub id)")
    command.add_argument(
        "-k", type=_positive, nargs="+", default=[], metavar="K", help="report pass@k and maj@k for these"
    )
    command.add_argument("--compare", metavar="OTHER", help="paired difference to a run folder or eval/*.jsonl")
    command.add_argument("--name", help="folder in runs_dir to write to (default: CONFIG's stem and -eval)")

    unsafe(command)

    command = verb(verbs, "score", "verify stored responses; no model needed")
    command.add_argument("task", metavar="TASK")
    command.add_argument("responses", metavar="RESPONSES.jsonl", help='{"id", "problem", "response"} a line')
    command.add_argument("-o", "--output", metavar="VERDICTS.jsonl", help="default: standard output")
    command.add_argument("--workers", type=_positive, default=2, help="processes that verify (default 2)")
    unsafe(command)

    models = verb(verbs, "rm", "reward models").add_subparsers(dest="rm_verb", required=True, metavar="VERB")
    command = verb(models, "collect", "preference pairs: samples of the policy, judged by a rater", config=True)
    command.add_argument("config", metavar="CONFIG.toml")
    command.add_argument("--name", help="folder in runs_dir (default: the config file's stem and -preferences)")
    unsafe(command)
    command = verb(models, "train", "train reward models on preference pairs", config=True)
    command.add_argument("config", metavar="CONFIG.toml")
    command.add_argument("--pairs", metavar="RUN|PAIRS.jsonl", help="default: what `rm collect` made of CONFIG.toml")
    command.add_argument("--resume", action="store_true", help="keep the reward models that are done")
    command.add_argument("--name", help="folder in runs_dir (default: the config file's stem and -reward-model)")
    command = verb(models, "eval", "what reward models are worth on pairs that they have not seen")
    command.add_argument("target", metavar="RUN|FOLDER", help="a run of `rm train`, or a reward model")
    command.add_argument("pairs", metavar="RUN|PAIRS.jsonl", help="of `rm collect`, or people's own")

    command = verb(verbs, "contrast", "the same run under several rewards, and one report", config=True)
    command.add_argument("config", metavar="CONFIG.toml")
    command.add_argument("--resume", action="store_true", help="go on with what an earlier call began")
    command.add_argument("--name", help="folder in runs_dir (default: the config file's stem)")

    tasks = verb(verbs, "task", "task plugins").add_subparsers(dest="task_verb", required=True, metavar="VERB")
    verb(tasks, "list", "the installed tasks")
    command = verb(tasks, "show", "a task's config, sizes and an example; --config.key value to try others")
    command.add_argument("task", metavar="NAME")
    command = verb(tasks, "new", "write the package of a new task, which installs and passes its check as it stands")
    command.add_argument("name", metavar="NAME", help="as in word-count")
    command.add_argument(
        "--template", choices=("exact", "code", "turns"), default="exact",
        help="an exact answer (default), code that is run in the sandbox, or several turns",
    )  # fmt: skip
    command.add_argument("--into", metavar="FOLDER", default=".", help="where its folder is made (default: here)")
    command = verb(tasks, "check", "what must hold of every task, without a model; exit code 1 where it does not")
    command.add_argument("task", metavar="NAME")
    command.add_argument("--all", action="store_true", help="verify every reference, however long that takes")
    unsafe(command)

    boxes = verb(verbs, "sandbox", "where untrusted code runs").add_subparsers(
        dest="sandbox_verb", required=True, metavar="VERB"
    )
    command = verb(boxes, "doctor", "try every protection of the sandbox on this machine; exit code 1 where one fails")
    command.add_argument("--backend", choices=("auto", "namespaces", "landlock"), default="auto")
    command = verb(boxes, "run", "run a Python file in the sandbox; exit code 1 where it does not end well")
    command.add_argument("file", metavar="FILE")
    command.add_argument("--function", metavar="NAME", help="call this function of the file, too")
    command.add_argument("--args", metavar="JSON", help="its arguments, as a JSON list", default="[]")
    command.add_argument("--cpu-seconds", type=float, default=5.0, metavar="S", help="limit (default 5)")
    command.add_argument("--memory-mib", type=int, default=512, metavar="M", help="limit (default 512)")
    command.add_argument("--unsafe", action="store_true", help="no sandbox at all: the file runs with your own rights")

    command = verb(verbs, "report", "write report.html for a run, or for several side by side (into the first)")
    command.add_argument("runs", nargs="+", metavar="RUN")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 a check that failed, or a fault of ours, 2 wrong input or a refused start, 130 interrupted."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if argv is None:  # the process is ours: SIGTERM is an interruption like Ctrl-C, whatever the verb is doing
        signal.signal(signal.SIGTERM, _interrupt)
    verb = arguments[: 2 if arguments[:1] in (["task"], ["sandbox"], ["rm"]) else 1]
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

        with warnings.catch_warnings(), Display(args.json) as display:
            warnings.showwarning = _shown_for_people(warnings.showwarning)
            return _action(args)(args, rest, display) or 0
    except VerirlError as error:
        if os.environ.get("VERIRL_DEBUG"):
            traceback.print_exc()
        print(f"verirl: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interrupted:
        if argv is None:  # all that is left is to say so: an impatient further signal changes nothing
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
        said = f"; {interrupted}" if str(interrupted) else GOES_ON.get(" ".join(verb), "")
        print(f"verirl: interrupted{said}.", file=sys.stderr)
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


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _shown_for_people(otherwise: Callable[..., None]) -> Callable[..., None]:
    """What `warnings` prints with: a warning that is meant for people as one sentence, others as ever."""

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if category.__name__ == "DataWarning":
            print(f"verirl: warning: {message}", file=sys.stderr)
        else:
            otherwise(message, category, *where, **more)

    return show


def _action(args: argparse.Namespace) -> Action:
    """The function of a verb. Only its own module is imported: `task list` should not wait for the config's."""
    if args.verb in ("task", "score"):
        from verirl import task_commands

        if args.verb == "score":
            return task_commands.score
        verbs = {
            "list": task_commands.task_list,
            "show": task_commands.task_show,
            "new": task_commands.task_new,
            "check": task_commands.task_check,
        }
        return verbs[args.task_verb]
    if args.verb == "sandbox":
        from verirl import sandbox_commands

        return {"doctor": sandbox_commands.doctor, "run": sandbox_commands.run}[args.sandbox_verb]
    if args.verb == "rm":
        from verirl import rm_commands

        return {"collect": rm_commands.collect, "train": rm_commands.train, "eval": rm_commands.evaluate}[args.rm_verb]
    if args.verb == "contrast":
        from verirl import contrast_commands

        return contrast_commands.contrast
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
