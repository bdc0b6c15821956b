"""Ctrl-C and SIGTERM without loss: never in the middle of an optimiser step, and nothing done is thrown away."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from verirl.types import Learner


class Interruption:
    """Turns a signal into KeyboardInterrupt: at once, or, inside `deferred()`, when that block ends.

    A second signal no longer waits. Without `listen()` (a library's caller, tests) nothing is changed.
    """

    def __init__(self, on_wait: Callable[[], None] = lambda: None) -> None:
        self._on_wait = on_wait
        self._deferring = False
        self._asked = False

    @contextlib.contextmanager
    def listen(self) -> Iterator[Self]:
        """Handles SIGINT and SIGTERM while the block runs; does nothing outside the main thread, which alone may."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before: dict[int, Any] = {
            number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False
        if self._asked:
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self._deferring or self._asked:
            raise KeyboardInterrupt
        self._asked = True
        self._on_wait()


class WholeSteps:
    """The steps of a run, each of them whole or not at all: an interruption saves the last whole one before it ends it.

    `done` is the step whose weights the learner holds; a checkpoint of it, if it is not 0, is there.
    """

    def __init__(self, learner: Learner, done: int, interruption: Interruption) -> None:
        self._learner = learner
        self._interruption = interruption
        self._done = self._saved = done
        self._whole = True  # the weights are those of step `_done`: not so within a step, of which nothing may be saved

    @contextlib.contextmanager
    def step(self, number: int) -> Iterator[None]:
        with self._interruption.deferred():
            self._whole = False
            yield
            self._done, self._whole = number, True

    def save(self, number: int, stream: Mapping[str, Any]) -> None:
        self._learner.save(number, stream)
        self._saved = number

    @contextlib.contextmanager
    def saved_on_interruption(self, stream: Callable[[], Mapping[str, Any]]) -> Iterator[None]:
        """`stream()` is the problem stream's state after the last whole step. The KeyboardInterrupt that leaves here
        says which step is saved."""
        try:
            yield
        except KeyboardInterrupt:
            if self._whole and self._done > self._saved:
                self.save(self._done, stream())
            if self._saved:
                raise KeyboardInterrupt(f"step {self._saved} is saved; --resume goes on from there") from None
            raise
