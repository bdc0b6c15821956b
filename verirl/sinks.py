"""Metrics for other programs, beside the run's own files, which are always written: TensorBoard, Weights & Biases.

A sink is opened when there is something to log. One that fails is dropped with a warning; it costs the run nothing.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from verirl.config import RunConfig, dump_toml
from verirl.errors import ConfigError, short

if TYPE_CHECKING:
    from types import TracebackType


class Sink(Protocol):
    """Told of a run. Steps may come again in a resumed run: those after `done`, the step it goes on from, replace what
    was logged before. Any method may raise."""

    name: str

    def open(self, folder: Path, config: RunConfig, done: int) -> None:
        """Starts, or goes on with, the run in `folder`, which it is named after."""

    def step(self, step: int, metrics: Mapping[str, float]) -> None: ...

    def summary(self, summary: Mapping[str, Any]) -> None:
        """The outcome, as in summary.json."""

    def close(self, failed: bool) -> None: ...


class TensorBoardSink:
    """Event files in RUN/tensorboard."""

    name = "tensorboard"

    def __init__(self) -> None:
        """Raises ConfigError where tensorboard is missing."""
        _require("tensorboard", "logging.tensorboard")

    def open(self, folder: Path, config: RunConfig, done: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(folder / "tensorboard"), purge_step=done + 1)
        self._writer.add_text("config", _block(dump_toml(config)), done)

    def step(self, step: int, metrics: Mapping[str, float]) -> None:
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def summary(self, summary: Mapping[str, Any]) -> None:
        self._writer.add_text("summary", _block(json.dumps(summary, indent=2)))

    def close(self, failed: bool) -> None:
        self._writer.close()


class WandbSink:
    """A run of Weights & Biases, whose files are in RUN/wandb and whose id is in RUN/wandb/run-id.

    Steps are a metric of their own: wandb's counter refuses to go back, which a resumed run does.
    """

    name = "wandb"

    def __init__(self, project: str) -> None:
        """Raises ConfigError where wandb is missing, or would ask for a login that nobody is there to give."""
        _require("wandb", "logging.wandb")
        import wandb

        self._project = project
        if wandb.setup().settings.mode in ("offline", "dryrun", "disabled"):
            return
        try:
            wandb.login(verify=False)
        except Exception as error:
            raise ConfigError(
                f"`logging.wandb`: no login ({short(error)}); run `wandb login` first, or set WANDB_MODE=offline."
            ) from error

    def open(self, folder: Path, config: RunConfig, done: int) -> None:
        import wandb

        os.environ.setdefault("WANDB_DISABLE_WEAVE", "true")  # it would advertise where vLLM has imported openai
        held = folder / "wandb" / "run-id"
        held.parent.mkdir(exist_ok=True)
        if not held.exists():
            held.write_text(secrets.token_hex(4), encoding="utf-8")
        self._run = wandb.init(
            project=self._project,
            name=folder.name,
            id=held.read_text(encoding="utf-8"),
            resume="allow",
            dir=folder,
            config=config.model_dump(mode="json"),
            # Our standard output is for results, and whoever's code is around is none of our business.
            settings=wandb.Settings(console="off", silent=True, disable_code=True, disable_git=True),
        )
        self._run.define_metric("step")
        self._run.define_metric("*", step_metric="step")

    def step(self, step: int, metrics: Mapping[str, float]) -> None:
        self._run.log({"step": step, **metrics})

    def summary(self, summary: Mapping[str, Any]) -> None:
        self._run.summary.update(dict(summary))

    def close(self, failed: bool) -> None:
        self._run.finish(exit_code=int(failed))


class Sinks:
    """Those that a config names, as one; `warn(step, name, text)` is told of one that fails."""

    def __init__(self, config: RunConfig, folder: Path, warn: Callable[[int, str, str], None]) -> None:
        """Raises ConfigError where one is not installed, or not logged in."""
        self.done = 0  # the step that the run goes on from
        self._config, self._folder, self._warn = config, folder, warn
        self._waiting: list[Sink] = []
        self._open: list[Sink] = []
        if config.logging.tensorboard:
            self._waiting.append(TensorBoardSink())
        if config.logging.wandb is not None:
            self._waiting.append(WandbSink(config.logging.wandb))

    def step(self, step: int, metrics: Mapping[str, float]) -> None:
        """Metrics by name, of training or of an evaluation (`eval/greedy`, `eval/sampled`: pass rates)."""
        self._tell(step, lambda sink: sink.step(step, metrics))

    def summary(self, summary: Mapping[str, Any]) -> None:
        self._tell(self._config.steps, lambda sink: sink.summary(summary))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._waiting.clear()  # nothing was logged, so there is nothing to leave behind
        self._tell(self._config.steps, lambda sink: sink.close(failed=error is not None))
        self._open.clear()

    def _tell(self, step: int, what: Callable[[Sink], None]) -> None:
        for sink in [*self._waiting, *self._open]:
            try:
                if sink in self._waiting:
                    self._waiting.remove(sink)
                    sink.open(self._folder, self._config, self.done)
                    self._open.append(sink)
                what(sink)
            except Exception as failure:  # noqa: BLE001  # whatever it is, it is not the run's
                if sink in self._open:
                    self._open.remove(sink)
                    with suppress(Exception):
                        sink.close(failed=True)
                text = f"{sink.name} failed ({short(failure)}) and is told no more; the run's own files are complete"
                self._warn(step, sink.name, text)


def _require(package: str, key: str) -> None:
    if find_spec(package) is None:
        raise ConfigError(f"`{key}` needs {package}: pip install 'verirl[{package}]'.")


def _block(text: str) -> str:
    """As Markdown that is shown as it is."""
    return "".join(f"    {line}\n" for line in text.splitlines())
