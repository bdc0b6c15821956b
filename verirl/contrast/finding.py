"""The finding of a contrast in sentences, chosen by what happened: what was expected and did not come is said as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from verirl.contrast.course import OUTCOMES
from verirl.contrast.plan import Plan

Row = dict[str, Any]

BELOW, BACK, UNCHANGED, ABOVE = OUTCOMES
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def finding(analysis: Row) -> list[str]:
    """Paragraphs: the verifier's arm and the headline arm, the vibe arm beside them, and what holds of all arms."""
    arms = {arm["name"]: arm for arm in analysis["arms"]}
    roles = analysis["roles"]
    verifier, headline, vibe = (_complete(arms.get(roles[role] or "")) for role in ("verifier", "headline", "vibe"))
    first: list[str] = []
    if verifier:
        first += [f"Under the verifier the pass rate went {_course(verifier)}.", *_greedy(verifier)]
    else:
        first.append("There is no complete run under the verifier to compare with.")
    if headline:
        labels = _labels(headline)
        first.append(f"Under a reward model that learned from unbiased labels{labels} it went {_course(headline)}.")
        first += [*_fate(headline), _conclusion(headline)]
    else:
        first.append(
            "There is no complete run under a plain reward model of unbiased labels, which was to be the headline."
        )
    paragraphs = [first]
    if vibe:
        paragraphs.append([f"Under a reward model of the vibe rater it went {_course(vibe)}.", *_fate(vibe)])
    complete = [arm for arm in arms.values() if arm["complete"]]
    held = [arm["name"] for arm in complete if arm["outcomes"][ABOVE] == arm["complete"]]
    fell = [arm["name"] for arm in complete if arm["outcomes"][BELOW]]
    if complete:
        paragraphs.append(
            [
                f"Every seed ended above its start under: {'; '.join(held)}."
                if held
                else "No arm ended above its start in every seed.",
                f"At least one seed ended below its start under: {'; '.join(fell)}."
                if fell
                else "No arm ended below its start in any seed.",
                *_control(complete),
            ]
        )
    return [" ".join(paragraph) for paragraph in paragraphs]


def limits(plan: Plan, analysis: Row) -> list[str]:
    """What the contrast does not show, as far as the config tells."""
    config, contrast = plan.config, plan.config.contrast
    made = " made for this on the spot" if contrast.demonstrations.steps else ""
    kinds = {contrast.raters[name].kind for name in plan.raters_learned}
    found = [
        (
            f"One start model{made} ({config.model.name}), one task ({config.task.name}) and one trainer: other sizes, tasks and "
            "algorithms may part sooner, later or never."
        ),
        f"{_count(len(contrast.seeds), 'seed')}: enough to see whether outcomes differ, not to say how often.",
        f"{config.steps} steps. A curve that has not parted by then may part later.",
        (
            f"Pass rates are of {config.eval.problems} held-out problems at most, {config.eval.samples} samples each; the truth "
            "is what the verifier checks, and what it leaves unchecked nothing here sees."
        ),
    ]
    if kinds - {"jsonl"}:
        found.append(
            "The labels come from a program, not from people: "
            + ", ".join(
                repr(name) if (kind := contrast.raters[name].kind) == name else f"{name!r} (of kind {kind!r})"
                for name in plan.raters_learned
            )
            + ". People err in other ways, and notice what a program is not told to notice."
        )
    if plan.raters_learned:
        found.append(
            f"Reward models of one size and head ({config.reward_model.head!r}), with {config.preferences.pairs} pairs. A "
            "larger one, or more labels, may hold longer."
        )
    for row in analysis["reward_models"]:
        if row["pairs"] and row["pairs"]["high"] < row["wanted"]:
            found.append(
                f"The reward model {row['name']!r} has {row['pairs']['median']:,.0f} pairs (median) instead of the "
                f"{row['wanted']:,} that were asked for: the samples of the labelled problems gave no more."
            )
    found += [
        (
            "Arms have equal policy samples and optimiser steps, not equal cost: labels and the time of reward models come on "
            "top. One learning rate and one length of training for all; an arm might do better with its own."
        ),
        (
            "KL is estimated from the samples, and is noisy where it is small. The listed hacks are those that were thought of; "
            "others count only as wrong answers that the reward likes."
        ),
        (
            "The rules of early stopping were judged on the runs that are shown. A rule that does well here was not chosen "
            "beforehand."
        ),
    ]
    if analysis["best_of_n"]:
        found.append("Best-of-n has its own KL, log n - (n - 1)/n, an upper bound where rewards tie.")
    return found


def _control(arms: Sequence[Row]) -> list[str]:
    """What a reward without any information does to the policy bounds what a fallen pass rate can prove."""
    coins = [arm for arm in arms if arm["reward"] == "random" and arm["outcomes"][BELOW]]
    return [
        f"The control {coin['name']!r}, whose reward says nothing, ended below its start in {coin['outcomes'][BELOW]} of "
        f"{coin['complete']}: a fallen pass rate alone does not show that a reward was gamed; a reward that rises while it "
        "falls, and wrong answers that are liked better than right ones, do."
        for coin in coins
    ]


def _complete(arm: Row | None) -> Row | None:
    return arm if arm and arm["complete"] else None


def _course(arm: Row) -> str:
    rates = arm["summary"]["pass_rate"]
    peak = rates["peak"]["median"] - max(rates["start"]["median"], rates["end"]["median"])
    over = f" over a peak of {share(rates['peak'])}" if peak > 0.02 else ""
    of = f" (median and range of {arm['complete']} seeds)" if arm["complete"] > 1 else " in its one seed"
    return f"from {share(rates['start'])}{over} to {share(rates['end'])}{of}"


def _greedy(arm: Row) -> list[str]:
    """Much of a gain in sampled answers can be sharpening of what greedy ones were already."""
    sampled, greedy = arm["summary"]["pass_rate"], arm["summary"]["greedy"]
    if greedy["start"] is None or greedy["end"] is None:
        return []
    gains = [rates["end"]["median"] - rates["start"]["median"] for rates in (sampled, greedy)]
    more = ": part of the gain in sampled ones is sharpening" if gains[0] > gains[1] + 0.02 else ""
    return [f"Greedy answers went from {share(greedy['start'])} to {share(greedy['end'])}{more}."]


def _labels(arm: Row) -> str:
    labels = arm["summary"]["labels"]
    return f" ({labels['median']:,.0f} comparisons)" if labels else ""


def _fate(arm: Row) -> list[str]:
    """What became of its seeds."""
    n, outcomes = arm["complete"], arm["outcomes"]
    phrases = {
        BELOW: "ended below where it had started",
        BACK: "fell back from its peak",
        UNCHANGED: "ended where it had started, within error",
        ABOVE: "ended above its start",
    }
    parts = [f"{NUMBERS[count] if count <= 10 else count} {phrases[name]}" for name, count in outcomes.items() if count]
    rose = sum(bool(run["proxy"]["rose"]) for run in arm["seeds"] if run["complete"])
    sentences = [f"Of {_count(n, 'seed')} {_listed(parts)}; the reward itself rose in {rose} of {n}."]
    if arm["diverged"]:
        where = arm["summary"]["divergence_sqrt_kl"]
        spread = f", from a sqrt(KL) of {where['median']:.2g} on (median)" if where else ""
        sentences.append(f"In {arm['diverged']} of {n} the truth fell while the reward still rose{spread}.")
    else:
        sentences.append("In none did the truth fall while the reward still rose.")
    hacked = arm["summary"]["hacked"]["end"]
    if hacked:
        sentences.append(
            f"At the end {share(hacked)} of its answers were wrong and yet liked better than the plain right one."
        )
    return sentences


def _conclusion(arm: Row) -> str:
    n, outcomes = arm["complete"], arm["outcomes"]
    if outcomes[BELOW] == n:
        return "Optimising this reward left the policy worse than it was" + (", in every seed." if n > 1 else ".")
    if outcomes[ABOVE] == n:
        return "The expected collapse did not come: within these steps this reward was worth optimising" + (
            " in every seed." if n > 1 else "."
        )
    if outcomes[UNCHANGED] == n:
        return "Optimising this reward changed little, for better or worse."
    if outcomes[BELOW]:
        return "Whether this reward could be optimised as far as it was depended on the seed."
    return "None was left worse than it had started, but not all that was won was kept."


def share(summary: Row | None) -> str:
    """A rate over seeds as people read it: `43% (40% to 47%)`."""
    if summary is None:
        return "unknown"
    middle, low, high = (f"{100 * summary[key]:.0f}%" for key in ("median", "low", "high"))
    return middle if summary["n"] == 1 or low == high else f"{middle} ({low} to {high})"


def _count(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
