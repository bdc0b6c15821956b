"""Who says which of two responses is better: the verifier's rater, and a synthetic one that also likes a style.

The utility of a response under the vibe rater is

    U = w_c [the verdict is `correct`] + w_s style,
    style = clip(min(d, S) / S - repeats - overlong - missing - unfinished, -1, 1),

where d is the number of distinct liked phrases in the text, S the saturation, and

    repeats     1 where a liked phrase comes twice, or a word three times in a row, or where the distinct words of a
                window of 24 are a third of them or fewer; else 0;
    overlong    0 up to half of max_tokens, then linear to 1 at max_tokens;
    missing     1 where the verifier found no answer or could not read it, or where the text says nothing besides liked
                phrases; else 0;
    unfinished  1 where the sampler cut the response off; else 0.

Each penalty at its full height takes away all that phrases can give. So nothing degenerate (empty, one word over and
over, phrases repeated or without an answer, a copied prompt that has no phrases, text up to the limit or cut off) has a
higher utility than a plain correct answer, whatever the weights, and the wish itself is a correct answer with S phrases,
each once. A wrong answer with
phrases, each once, is not degenerate: where w_s > w_c the rater likes it better than a plain correct one. The utility of
the verifier's rater is [the verdict is `correct`].

Preferences are those of Bradley and Terry (1952): a over b with probability sigmoid((U(a) - U(b)) / temperature).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from verirl.contrast_config import RaterConfig
from verirl.errors import ConfigError
from verirl.types import Status, Trajectory, Verdict

WINDOW = 24  # words; honest prose of hundreds of words repeats many, a few lines of it do not
FEWEST = 6  # words below which a share of repeats says nothing
# A word of letters (or a LaTeX command), or any other sign that parts two words; spaces and punctuation do not.
UNIT = re.compile(r"\\?[^\W\d_]+|[^\s.,;:!?]")


def utility(verdict: Verdict, trajectory: Trajectory, rater: RaterConfig, max_tokens: int) -> float:
    """What the rater's preferences are made of. `max_tokens` is the longest response, in tokens.

    Raises ConfigError for people (`jsonl`): nothing but their pairs is known of them.
    """
    correct = float(verdict.status is Status.CORRECT)
    if rater.kind == "verifier":
        return correct
    if rater.kind == "jsonl":
        raise ConfigError("the rater 'jsonl' has no utility, only pairs; take 'vibe' or 'verifier'.")
    return rater.correct_weight * correct + rater.style_weight * style_of(verdict, trajectory, rater, max_tokens)


def style_of(verdict: Verdict, trajectory: Trajectory, rater: RaterConfig, max_tokens: int) -> float:
    """The style of a sample, in [-1, 1]."""
    return style(
        trajectory.text,
        trajectory.finish_reason,
        verdict.status,
        rater.phrases,
        rater.style_saturation,
        tokens=len(trajectory.token_ids),
        max_tokens=max_tokens,
    )


def style(
    text: str,
    finish_reason: str,
    status: Status,
    phrases: Sequence[str],
    saturation: int,
    *,
    tokens: int = 0,
    max_tokens: int = 0,
) -> float:
    """In [-1, 1]; the module has the equation. Length costs nothing where `max_tokens` is 0 (not known)."""
    counts = phrase_counts(text, phrases)
    liked = min(sum(count > 0 for count in counts), saturation) / saturation
    rest = text
    for pattern in _patterns(tuple(phrases)):
        rest = pattern.sub(" ", rest)
    repeats = any(count > 1 for count in counts) or _repeats_words(text)
    missing = status in (Status.NO_ANSWER, Status.UNPARSEABLE) or not re.search(r"\w", rest)
    unfinished = finish_reason == "length"
    penalties = float(repeats) + _overlong(tokens, max_tokens) + float(missing) + float(unfinished)
    return max(-1.0, min(1.0, liked - penalties))


def prefer(a_utility: float, b_utility: float, temperature: float, coin: float) -> bool:
    """Whether a is taken over b, with `coin` uniform in [0, 1): Bradley and Terry's model."""
    gap = (a_utility - b_utility) / temperature
    odds = math.exp(-abs(gap))  # of the worse one; it cannot overflow
    return coin < (1.0 if gap >= 0 else odds) / (1.0 + odds)


def phrase_counts(text: str, phrases: Sequence[str]) -> list[int]:
    """How often each of the phrases that differ stands in a text."""
    return [len(pattern.findall(text)) for pattern in _patterns(tuple(phrases))]


@lru_cache(maxsize=64)
def _patterns(phrases: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """One for each phrase that differs: whole words, in upper or lower case, with any space between them."""
    different = dict.fromkeys(r"\s+".join(map(re.escape, phrase.casefold().split())) for phrase in phrases)
    return tuple(re.compile(rf"(?<!\w){pattern}(?!\w)", re.IGNORECASE) for pattern in different if pattern)


def _overlong(tokens: int, max_tokens: int) -> float:
    if not max_tokens:
        return 0.0
    return min(1.0, max(0.0, 2.0 * tokens / max_tokens - 1.0))


def _repeats_words(text: str) -> bool:
    """Numbers, single letters and LaTeX commands are left out of the share: honest mathematics repeats them."""
    units = UNIT.findall(text.casefold())
    if any(a == b == c and a.isalpha() for a, b, c in zip(units, units[1:], units[2:], strict=False)):
        return True
    words = [unit for unit in units if unit.isalpha() and len(unit) > 1]
    size = min(len(words), WINDOW)
    return size >= FEWEST and 3 * min(_distinct_in_windows(words, size)) <= size


def _distinct_in_windows(words: Sequence[str], size: int) -> Iterable[int]:
    """Distinct words of each run of `size` words."""
    counts = Counter(words[:size])
    yield len(counts)
    for old, new in zip(words, words[size:], strict=False):
        counts[new] += 1
        counts[old] -= 1
        if not counts[old]:
            del counts[old]
        yield len(counts)
