"""Looks at each step's metrics beside the run's own history: says in words what looks wrong, and stops what is lost.

Rules compare a few steps in a row with what came before them, so that one odd batch says nothing, and a run that is
resumed says what an undisturbed one would have said: all they know is the metrics. Each is said once, and again only
after it was well for a while. Steps in which nothing was learned have no loss, gradient, entropy or drift, and do not
count for these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING, Any, NamedTuple

from verirl.errors import RunError
from verirl.runlog import RunLog, checkpoint_step, list_checkpoints

if TYPE_CHECKING:
    from verirl.train import Watcher

WINDOW = 50  # steps of history that the last ones are held against: long for a jump, short for slow healthy change
MIN_PAST = 10  # steps of it that there must be: the first ones are warm-up and noise
START = 5  # steps whose median is where the run started
CALM = 10  # steps without an alarm before the same one is raised again

# The spread between sampler and learner is rounding: constant within a factor of 2. A sampler that is one update behind
# has a hundred times that in float32. Where it is behind by design (off_policy) the history is of such steps too.
DRIFT_JUMP, DRIFT_CREEP = 3.0, 20.0  # times the largest of the window; times the largest of the first MIN_PAST
DRIFT_FLOOR = 1e-4  # below it probability ratios are 1 to four digits, whatever the history
DRIFT_ABSURD = 0.3  # ratios off by a third: not one model, and no history is needed to say so
DRIFT_STEPS = 2

# Answers of ten tokens keep half a nat at 0.05: less is one answer a problem, and groups of equal samples. On easy
# tasks a healthy run goes from 2 nats to 0.1, so a tenth of the start alone is no collapse.
ENTROPY_SHARE, ENTROPY_FLOOR = 0.1, 0.05
ENTROPY_STEPS = 3

LENGTH_FACTOR = 2.0  # of the window's median; answers that grow with the pass rate take hundreds of steps to double
LENGTH_FLOOR = 32.0  # tokens; shorter answers may double at no cost
LENGTH_STEPS = 3

UNUSED_SHARE = 0.9  # of groups without advantage, averaged over the steps below: nine tenths of the sampling is lost
UNUSED_STEPS = 10

TRUNCATED_START = 0.5  # for MIN_PAST steps on end; a run that learns to stop in time is below it sooner
TRUNCATED_SHARE, TRUNCATED_FACTOR = 0.3, 2.0  # and this many times the window's median
TRUNCATED_STEPS = 3

FAULTS_SHARE = 0.1  # of samples, over the last steps; a verifier that dies now and then stays far below
FAULTS_STEPS = 3

# Loss and gradient norm explode where they leave their own range by ten times its width. The floors: |advantages| are
# about 1, so a healthy loss is below 1, and in supervised learning a leap by 1 nat is large; healthy norms are 0.1 to 10.
RANGES = 10.0
EXPLODED: dict[str, tuple[str, float, float]] = {  # metric: (words, floor, absurd at any time)
    "loss": ("loss", 1.0, 1e4),
    "grad_norm": ("gradient norm", 10.0, 1e6),
}
EXPLODED_STEPS = 2  # before it is said
STOP_STEPS = 5  # before the run stops: the gradient is clipped, so a few such steps are survived

Series = Sequence[tuple[int, float]]  # (step, value), of the steps that have one
History = Mapping[str, Series]


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Something to say about a step; with `stops` the run must end, and `remedy(checkpoints)` says how to go on."""

    step: int
    name: str
    text: str
    stops: bool = False
    healthy_until: int | None = None  # the last step whose checkpoint is to be trusted; None: the newest is


class Guard:
    """Sees metrics step by step, by the names of `train.rollout_metrics` and `TorchLearner.step`; pure.

    `logged` are the metrics of a run's earlier steps: with them it is as if it had seen these.
    """

    def __init__(self, logged: Iterable[Mapping[str, Any]] = ()) -> None:
        self._history: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        self._calm: defaultdict[str, int] = defaultdict(lambda: CALM)  # steps since a rule last held
        self._learned = False  # in the newest step
        for line in logged:
            self.see(line["step"], line)

    def see(self, step: int, metrics: Mapping[str, float]) -> list[Alarm]:
        """What is to be said after this step; one that stops comes last."""
        seen = {name: float(value) for name, value in {**metrics, **_shares(metrics)}.items() if isfinite(value)}
        for name in NEEDED & seen.keys():
            self._history[name].append((step, seen[name]))
        self._learned = "loss" in seen
        alarms = []
        for rule in RULES:
            if rule.metric not in seen:
                continue
            text = rule.check(self._history)
            if text is not None and self._calm[rule.name] >= CALM:
                alarms.append(Alarm(step=step, name=rule.name, text=text))
            self._calm[rule.name] = 0 if text is not None else self._calm[rule.name] + 1
        return [*alarms, *self._ends(step, seen)]

    @property
    def exploding(self) -> bool:
        """Whether the newest loss or gradient is far outside: no time to let a checkpoint replace a good one."""
        return self._learned and any(_exploding(self._history, metric, 1) for metric in EXPLODED)

    def _ends(self, step: int, seen: Mapping[str, float]) -> Iterable[Alarm]:
        for metric in EXPLODED:
            text = _exploding(self._history, metric, STOP_STEPS) if metric in seen else None
            if text is not None:
                first = self._history[metric][-STOP_STEPS][0]
                # The loss of a step is that of the weights of the step before.
                yield Alarm(step=step, name="exploded", text=text, stops=True, healthy_until=first - 2)
                return
        faults = [share for _, share in self._history["faults"][-FAULTS_STEPS:]]
        if "faults" in seen and len(faults) == FAULTS_STEPS and min(faults) == 1.0:
            text = (
                f"no sample of the last {FAULTS_STEPS} steps could be verified, so nothing can be learned: all are "
                "infrastructure errors, whose `reason` is in rollouts/"
            )
            yield Alarm(step=step, name="no_verdicts", text=text, stops=True)


def heed(alarms: Iterable[Alarm], log: RunLog, watcher: Watcher) -> None:
    """Logs alarms and tells the watcher. Raises RunError for one that stops the run, with the way to go on."""
    for alarm in alarms:
        log.warning(alarm.step, alarm.name, alarm.text)
        if alarm.stops:
            checkpoints = log.folder / "checkpoints"
            if alarm.healthy_until is None:
                raise RunError(
                    f"step {alarm.step}: {alarm.text}. Mend the verifier (or its limits, reward.*), then go on with "
                    f"--resume; {_newest(checkpoints, alarm.step)}."
                )
            raise RunError(f"step {alarm.step}: {alarm.text}. {start_again(checkpoints, alarm.healthy_until)}")
        watcher.warning(alarm.step, alarm.name, alarm.text)


def start_again(checkpoints: Path, until: int | None = None) -> str:
    """What to do when learning has failed: a sentence that names the newest good checkpoint, of step `until` at most."""
    good = [path for path in list_checkpoints(checkpoints) if until is None or checkpoint_step([path]) <= until]
    if not good:
        return (
            "There is no good checkpoint yet: start again with a lower optimizer.learning_rate, under another --name."
        )
    return (
        f"The last good checkpoint is kept: start from it with a lower optimizer.learning_rate "
        f"(--model.name {good[-1]} --name ANOTHER)."
    )


def _newest(checkpoints: Path, step: int) -> str:
    found = list_checkpoints(checkpoints)
    return f"the newest checkpoint is {found[-1]}" if found else "there is no checkpoint yet, so it starts anew"


# --------------------------------------------------------------------------------------------------------------- rules


def _shares(metrics: Mapping[str, float]) -> dict[str, float]:
    """What the rules need besides, where the metrics tell it.

    The gradient of a step grows at most in proportion to the share of groups that have one, so what it is for each of
    them cannot leap when rewards stop being rare.
    """
    shares: dict[str, float] = {}
    samples = sum(value for name, value in metrics.items() if name.startswith("status/"))
    if samples:
        shares["faults"] = metrics.get("status/infrastructure_error", 0.0) / samples
    trained = metrics.get("groups_trained", 1.0)
    groups = trained + metrics.get("groups_skipped", 0.0)
    if "groups_trained" in metrics and groups:
        shares["unused"] = 1 - trained / groups
    for name in EXPLODED.keys() & metrics.keys():
        shares[f"{name}/share"] = metrics[name] * groups / max(1.0, trained)
    return shares


def _split(series: Series, steps: int) -> tuple[list[float], list[float]]:
    """Values of the last `steps` steps, and of the window before them; both empty while there are too few."""
    values = [value for _, value in series[-steps - WINDOW :]]
    return (values[:-steps], values[-steps:]) if len(values) >= steps + MIN_PAST else ([], [])


def _drift(history: History) -> str | None:
    series = history["drift_mean"]
    now = [value for _, value in series[-DRIFT_STEPS:]]
    if len(now) < DRIFT_STEPS:
        return None
    limit, before = DRIFT_ABSURD, "which is far more than rounding"
    past, _ = _split(series, DRIFT_STEPS)
    if past:
        first = max(value for _, value in series[:MIN_PAST])
        limit = min(limit, max(DRIFT_FLOOR, min(DRIFT_JUMP * max(past), DRIFT_CREEP * first)))
        before = f"after {max(past):.2g} at most in the {len(past)} steps before"
    if min(now) <= limit:
        return None
    return (
        f"the learner's log-probabilities are {now[-1]:.2g} from the sampler's on average, {before}: the samples come "
        "from another policy than the one that is trained. Look at what differs between them (dtype, temperature); "
        "loss.importance_cap bounds what such samples weigh, and a lower optimizer.learning_rate or rollout.off_policy = "
        "false brings the two together"
    )


def _entropy(history: History) -> str | None:
    values = [value for _, value in history["entropy"]]
    if len(values) < START + ENTROPY_STEPS:
        return None
    start, now = median(values[:START]), max(values[-ENTROPY_STEPS:])
    if now >= min(ENTROPY_FLOOR, ENTROPY_SHARE * start):
        return None
    return (
        f"entropy fell to {now:.2g} nats a token, from {start:.2g} at the start: the policy says nearly the same every "
        "time, so its samples have little left to compare. Try loss.entropy_coef, a higher loss.clip_high or a lower "
        "optimizer.learning_rate"
    )


def _length(history: History) -> str | None:
    past, now = _split(history["length_mean"], LENGTH_STEPS)
    if not past or min(now) <= max(LENGTH_FLOOR, LENGTH_FACTOR * median(past)):
        return None
    rewards = [value for _, value in history["reward_mean"]]
    reward = f", while the reward went from {_mean_before(rewards):.2g} to {fmean(rewards[-LENGTH_STEPS:]):.2g}"
    return (
        f"responses grew to {now[-1]:.0f} tokens on average, from {median(past):.0f} in the {len(past)} steps before"
        f"{reward if rewards else ''}: length that brings no reward only costs time. Try rollout.overlong_buffer, a lower "
        "rollout.max_tokens or loss.kind = 'dr_grpo'"
    )


def _mean_before(values: Sequence[float]) -> float:
    return fmean(values[-WINDOW - LENGTH_STEPS : -LENGTH_STEPS] or values)


def _unused(history: History) -> str | None:
    shares = [value for _, value in history["unused"][-UNUSED_STEPS:]]
    if len(shares) < UNUSED_STEPS or fmean(shares) <= UNUSED_SHARE:
        return None
    easy = fmean([value for _, value in history["reward_mean"][-UNUSED_STEPS:]] or [0.0]) > 0.5
    return (
        f"{fmean(shares):.0%} of the groups of the last {UNUSED_STEPS} steps had samples of equal reward, which teach "
        "nothing: the problems are too "
        + (
            "easy. Try harder ones, or rollout.dynamic_sampling"
            if easy
            else "hard. Try easier ones, a larger rollout.group_size, rollout.dynamic_sampling, or a warm start "
            "(verirl sft)"
        )
    )


def _truncated(history: History) -> str | None:
    rates = [value for _, value in history["truncated_rate"]]
    past, now = _split(history["truncated_rate"], TRUNCATED_STEPS)
    rose = bool(past) and min(now) > max(TRUNCATED_SHARE, TRUNCATED_FACTOR * median(past))
    stays = len(rates) >= MIN_PAST and min(rates[-MIN_PAST:]) > TRUNCATED_START
    if not rose and not stays:
        return None
    since = f"up from {median(past):.0%}" if rose else f"and never less than half for {MIN_PAST} steps"
    return (
        f"{rates[-1]:.0%} of the responses ran into the token limit, {since}: their answers are cut off, and what they "
        "learn is about length. Try a higher rollout.max_tokens, or rollout.overlong_buffer"
    )


def _faults(history: History) -> str | None:
    shares = [value for _, value in history["faults"][-FAULTS_STEPS:]]
    if fmean(shares) <= FAULTS_SHARE:
        return None
    return (
        f"{fmean(shares):.0%} of the last samples could not be verified (infrastructure errors) and count for nothing. "
        "Their `reason` is in rollouts/; a verifier that is killed may need more reward.memory_gib or reward.cpu_seconds"
    )


def _exploding(history: History, metric: str, steps: int) -> str | None:
    """Whether it left its own range for so many steps on end, both as it is and for each group that was trained on."""
    words, floor, absurd = EXPLODED[metric]
    now = [abs(value) for _, value in history[metric][-steps:]]
    limits = []
    for series in (history[metric], history[f"{metric}/share"]):
        past, recent = (list(map(abs, values)) for values in _split(series, steps))
        limit = max(past) + max(floor, RANGES * (max(past) - min(past))) if past else absurd
        limits.append(limit)
        if min(recent or now, default=0.0) <= min(limit, absurd):
            return None
    if len(now) < steps:
        return None
    return (
        f"the {words} is {now[-1]:.3g}, and has been over {min(limits[0], absurd):.3g} for {steps} steps on end, far "
        "outside what it was before: learning is coming apart"
    )


def _soon(metric: str) -> Callable[[History], str | None]:
    def check(history: History) -> str | None:
        text = _exploding(history, metric, EXPLODED_STEPS)
        return text and (
            f"{text}, and the run stops when {STOP_STEPS} steps are like that. Try a lower optimizer.learning_rate or "
            "optimizer.max_grad_norm"
        )

    return check


class Rule(NamedTuple):
    name: str
    metric: str  # the rule is asked in the steps that have it
    check: Callable[[History], str | None]


RULES = (
    Rule("drift", "drift_mean", _drift),
    Rule("entropy", "entropy", _entropy),
    Rule("length", "length_mean", _length),
    Rule("unused_groups", "unused", _unused),
    Rule("truncation", "truncated_rate", _truncated),
    Rule("infrastructure", "faults", _faults),
    *(Rule(metric, metric, _soon(metric)) for metric in EXPLODED),
)
NEEDED = {rule.metric for rule in RULES} | {"reward_mean"} | {f"{metric}/share" for metric in EXPLODED}
