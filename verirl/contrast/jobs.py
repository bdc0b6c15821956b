"""Runs the parts of a contrast side by side, each in a process of its own: first what a seed's arms share, then the arms.

A part that is done already is not done again, so the same command goes on where an earlier one was stopped.
"""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice

from verirl.config import cpu_threads
from verirl.contrast.plan import Plan
from verirl.errors import VerirlError, short
from verirl.worker import die_with_parent

Part = tuple[int, str | None]  # a seed, and an arm's name; None: what the arms share


@dataclass(frozen=True)
class Failure:
    seed: int
    arm: str | None
    reason: str

    def __str__(self) -> str:
        what = f"arm {self.arm!r}" if self.arm else "what the arms share"
        return f"seed {self.seed}, {what}: {self.reason}"


def run_parts(plan: Plan, on_done: Callable[[int, str | None], None]) -> list[Failure]:
    """Blocks until every part is done or has failed; a part that fails stops no other but those that need it."""
    contrast = plan.config.contrast
    threads = plan.config.threads or 1
    at_once = contrast.processes or max(1, cpu_threads(plan.config.model_copy(update={"threads": 0})) // threads)
    failures: list[Failure] = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(at_once, mp_context=context, initializer=_initialize) as executor:
        running: dict[Future[str | None], Part] = {}

        def submit(seed: int, arm: str | None) -> None:
            running[executor.submit(_run_part, plan, seed, arm)] = (seed, arm)

        # Seed by seed: whole seeds are there early, and a run that is stopped has something to show.
        seeds = iter(contrast.seeds)
        try:
            for seed in islice(seeds, at_once):
                submit(seed, None)
            while running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    seed, arm = running.pop(future)
                    if reason := _reason(future):
                        failures.append(Failure(seed, arm, reason))
                    elif arm is None:
                        for each in plan.arms:
                            submit(seed, each.name)
                    if arm is None and (following := next(seeds, None)) is not None:
                        submit(following, None)
                    on_done(seed, arm)
        except BaseException:
            processes = list((executor._processes or {}).values())  # which it forgets when it is shut down
            executor.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()  # what is done is on disk, and the rest is made again
            raise
    return failures


def _reason(future: Future[str | None]) -> str | None:
    error = future.exception()
    return future.result() if error is None else f"its process died ({short(error)})"


def _initialize() -> None:
    """In each process: it ends with the one that asked, and what libraries say is not for our output."""
    die_with_parent()
    warnings.simplefilter("ignore")
    os.environ.setdefault("TQDM_DISABLE", "1")


def _run_part(plan: Plan, seed: int, arm: str | None) -> str | None:
    """None, or why it failed, in a sentence."""
    from verirl.contrast.arm import run_arm
    from verirl.contrast.seed import prepare_seed

    try:
        if arm is None:
            prepare_seed(plan, seed)
        else:
            run_arm(plan, plan.arm(arm), seed)
    except VerirlError as error:
        return str(error)
    except Exception as error:
        if os.environ.get("VERIRL_DEBUG"):
            raise
        return f"a fault of verirl's own ({short(error)}); VERIRL_DEBUG=1 shows where"
    return None
