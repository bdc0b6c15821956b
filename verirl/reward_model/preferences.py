"""Preference pairs: responses of a policy drawn for problems, shown two by two to a rater, kept in files.

Which comparisons are shown is decided by the seed and the texts alone, so two raters that label the same samples see the
same ones, in the same order; one that often has no preference sees more of them.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from verirl.config import RunConfig
from verirl.contrast_config import RaterConfig
from verirl.errors import ConfigError, DataError
from verirl.models import Encode
from verirl.reward_model.raters import prefer, utility
from verirl.rollout import sample_seed
from verirl.runlog import write_jsonl
from verirl.types import Group, Message, Problem, Request, Sampler, Trajectory, Verdict

VerifyGroup = Callable[[Problem, Sequence[str]], list[Verdict]]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two responses to one prompt (chat messages), of which a rater took `chosen`.

    The tokens are those that were sampled, with the end token where it was sampled; () where only the text is known.
    `rater` is the kind of rater that chose.
    """

    problem_id: str
    prompt: Sequence[Message]
    chosen: str
    rejected: str
    chosen_tokens: tuple[int, ...] = ()
    rejected_tokens: tuple[int, ...] = ()
    rater: str = ""


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Pairs, and what they cost: `asked` comparisons were shown, in `ties` the rater had no preference, and `flipped`
    labels are against its own utility (noise)."""

    pairs: list[Pair]
    asked: int
    ties: int
    flipped: int


def draw(
    problems: Sequence[Problem],
    sampler: Sampler,
    verify_group: VerifyGroup,
    encode: Encode,
    config: RunConfig,
    seed: int,
    samples: int,
) -> list[Group]:
    """`samples` responses a problem, with `rollout`'s temperature and length, and their verdicts.

    The seed of a sample comes from `seed`, the problem's id and the sample's number, so it does not depend on the other
    problems. Raises DataError for a prompt that is too long.
    """
    options = config.rollout
    requests = [
        Request(
            prompt_ids=prompt_ids,
            max_tokens=options.max_tokens,
            temperature=options.temperature,
            seed=sample_seed(seed, "preferences", problem.id, sample),
        )
        for problem in problems
        for prompt_ids in [encode(problem, options.max_tokens)]
        for sample in range(samples)
    ]
    drawn: list[dict[int, Trajectory]] = [{} for _ in problems]
    verdicts: dict[int, Future[list[Verdict]]] = {}
    with ThreadPoolExecutor(max_workers=2 * config.reward.workers) as executor:  # threads only wait on the workers
        for trajectory in sampler.sample(requests):
            place, sample = divmod(trajectory.request, samples)
            drawn[place][sample] = trajectory
            if len(drawn[place]) == samples:
                texts = [drawn[place][number].text for number in range(samples)]
                verdicts[place] = executor.submit(verify_group, problems[place], texts)
        return [
            Group(
                problem=problem,
                trajectories=[drawn[place][number] for number in range(samples)],
                verdicts=verdicts[place].result(),
            )
            for place, problem in enumerate(problems)
        ]


def label(
    groups: Sequence[Group], rater: RaterConfig, pairs: int, pairs_per_problem: int, seed: int, max_tokens: int
) -> Labelled:
    """Shows comparisons to the rater until it has labelled `pairs` of them, or there are no more.

    `pairs_per_problem` comparisons of each problem come first, then as many more of each, and so on. The verifier's
    rater has a preference where exactly one of the two is correct, and turns it round with its `flip_rate`; the vibe
    rater always takes one. `max_tokens` is the longest response, in tokens. Raises ConfigError for the rater `jsonl`.
    """
    if rater.kind == "jsonl":
        raise ConfigError("the rater 'jsonl' labels nothing: its pairs are read from `preferences.data`.")
    made: list[Pair] = []
    asked = ties = flipped = 0
    for group, first, second in _comparisons(groups, pairs_per_problem, seed):
        if len(made) >= pairs:
            break
        asked += 1
        a, b = (utility(group.verdicts[at], group.trajectories[at], rater, max_tokens) for at in (first, second))
        coin = random.Random(f"{seed}/label/{group.problem.id}/{first}/{second}").random()
        if rater.kind == "verifier":
            if a == b:
                ties += 1
                continue
            takes_first = (a > b) != (coin < rater.flip_rate)
        else:
            takes_first = prefer(a, b, rater.temperature, coin)
        flipped += a != b and takes_first != (a > b)
        chosen, rejected = (group.trajectories[at] for at in ((first, second) if takes_first else (second, first)))
        made.append(
            Pair(
                problem_id=group.problem.id,
                prompt=tuple(group.problem.prompt),
                chosen=chosen.text,
                rejected=rejected.text,
                chosen_tokens=tuple(chosen.token_ids),
                rejected_tokens=tuple(rejected.token_ids),
                rater=rater.kind,
            )
        )
    return Labelled(pairs=made, asked=asked, ties=ties, flipped=flipped)


def _comparisons(groups: Sequence[Group], per_problem: int, seed: int) -> Iterator[tuple[Group, int, int]]:
    """Two samples with different texts at a time, in rounds over the problems; each two texts come once.

    Of samples with the same text, the first stands for all. Samples without a verdict that the policy caused are left out.
    """
    queues = []
    for group in groups:
        texts: dict[str, int] = {}
        for place, (trajectory, verdict) in enumerate(zip(group.trajectories, group.verdicts, strict=True)):
            if verdict.status.caused_by_policy:
                texts.setdefault(trajectory.text, place)
        shuffled = random.Random(f"{seed}/comparisons/{group.problem.id}")
        couples = list(itertools.combinations(texts.values(), 2))
        shuffled.shuffle(couples)
        turned = [couple[::-1] if shuffled.random() < 0.5 else couple for couple in couples]
        queues.append((group, iter(turned)))
    random.Random(f"{seed}/problems").shuffle(queues)
    while queues:
        left = []
        for group, queue in queues:
            taken = list(itertools.islice(queue, per_problem))
            yield from ((group, *couple) for couple in taken)
            if len(taken) == per_problem:
                left.append((group, queue))
        queues = left


def write_pairs(path: Path, pairs: Sequence[Pair]) -> None:
    """One JSON object a line, the whole file or none. Raises RunError."""
    write_jsonl(path, map(asdict, pairs))


def read_pairs(path: Path) -> list[Pair]:
    """The inverse of `write_pairs`. Raises DataError with file and line."""
    pairs = []
    for where, line in _objects(path):
        pairs.append(
            Pair(
                problem_id=_text(line, "problem_id", where),
                prompt=_messages(line.get("prompt"), "prompt", where),
                chosen=_text(line, "chosen", where),
                rejected=_text(line, "rejected", where),
                chosen_tokens=_tokens(line, "chosen_tokens", where),
                rejected_tokens=_tokens(line, "rejected_tokens", where),
                rater=_text({"rater": "", **line}, "rater", where),
            )
        )
        _check_different(pairs[-1], where)
    return pairs


def read_people_pairs(path: Path) -> list[Pair]:
    """People's own: `{"prompt": text or chat messages, "chosen": text, "rejected": text}` a line, and "problem_id" if you
    like (else a hash of the prompt, so that pairs of one prompt stay together).

    As in TRL's format, `chosen` and `rejected` may be chat messages whose last is the assistant's; where others come
    before it, they must be the prompt, which may then be left out. Raises DataError with file and line.
    """
    pairs = []
    for where, line in _objects(path):
        chosen_before, chosen = _answer(line, "chosen", where)
        rejected_before, rejected = _answer(line, "rejected", where)
        given = line.get("prompt", chosen_before or None)
        if isinstance(given, str):
            given = [{"role": "user", "content": given}]
        prompt = _messages(given, "prompt", where)
        if chosen_before not in ((), prompt) or rejected_before not in ((), prompt):
            raise DataError(f"{where}: the messages before the last of `chosen` or `rejected` are not the prompt.")
        digest = hashlib.sha256(json.dumps(prompt, sort_keys=True).encode()).hexdigest()[:12]
        named = _text({"problem_id": digest, **line}, "problem_id", where)
        pairs.append(Pair(problem_id=named, prompt=prompt, chosen=chosen, rejected=rejected, rater="jsonl"))
        _check_different(pairs[-1], where)
    if not pairs:
        raise DataError(f"{path}: there are no pairs in it.")
    return pairs


def split_pairs(
    pairs: Sequence[Pair], stop_share: float, report_share: float, seed: int
) -> tuple[list[Pair], list[Pair], list[Pair]]:
    """(train, stop, report): all pairs of a problem are in one of them.

    A hash of seed and problem decides, so a problem stays where it is when pairs of others are added. With so few
    problems that it would leave a part empty, the part takes the problem with the next hash. Raises DataError for fewer
    than three problems.
    """
    place = {name: _uniform(seed, name) for name in {pair.problem_id for pair in pairs}}
    if len(place) < 3:
        raise DataError(
            f"the pairs are of {len(place)} problem(s), and at least 3 are needed: to train on, to stop by, to report on."
        )
    ranked = sorted(place, key=lambda name: (place[name], name))
    first = min(max(1, sum(at < stop_share for at in place.values())), len(ranked) - 2)
    second = min(max(first + 1, sum(at < stop_share + report_share for at in place.values())), len(ranked) - 1)
    stop, report, train = set(ranked[:first]), set(ranked[first:second]), set(ranked[second:])
    return (
        [pair for pair in pairs if pair.problem_id in train],
        [pair for pair in pairs if pair.problem_id in stop],
        [pair for pair in pairs if pair.problem_id in report],
    )


def _uniform(seed: int, name: str) -> float:
    """In [0, 1)."""
    key = repr((seed, name)).encode("utf-8", "backslashreplace")
    return (int.from_bytes(hashlib.sha256(key).digest()[:8], "big") >> 11) / (1 << 53)


def _objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(file and line, object) of each line that is not blank."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # splitlines() would cut at U+2028, which JSON allows
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read ({reason}); it should be a JSONL file of preference pairs.") from None
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        where = f"{path}, line {number}"
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise DataError(f"{where}: not JSON.") from None
        if not isinstance(value, dict):
            raise DataError(f'{where}: expected {{"prompt": ..., "chosen": ..., "rejected": ...}}.')
        yield where, value


def _text(line: Mapping[str, Any], key: str, where: str) -> str:
    value = line.get(key)
    if not isinstance(value, str):
        raise DataError(f"{where}: `{key}` is {'missing' if key not in line else 'not text'}.")
    return value


def _messages(value: Any, key: str, where: str) -> tuple[Message, ...]:
    if value is None:
        raise DataError(f"{where}: `{key}` is missing.")
    if (
        not isinstance(value, list | tuple)
        or not value
        or not all(isinstance(item, dict) and isinstance(item.get("role"), str) for item in value)
        or not all(_is_content(item.get("content")) for item in value)
    ):
        raise DataError(f'{where}: `{key}` is no list of chat messages {{"role": text, "content": text}}.')
    return tuple(value)


def _is_content(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(part, dict) for part in value))


def _answer(line: Mapping[str, Any], key: str, where: str) -> tuple[tuple[Message, ...], str]:
    """(messages before the response, the response)."""
    if key not in line or isinstance(line[key], str):
        return (), _text(line, key, where)
    *before, last = _messages(line[key], key, where)
    if last["role"] != "assistant" or not isinstance(last["content"], str):
        raise DataError(f"{where}: the last message of `{key}` must be the assistant's, and text.")
    return tuple(before), last["content"]


def _tokens(line: Mapping[str, Any], key: str, where: str) -> tuple[int, ...]:
    value = line.get(key, ())
    if not isinstance(value, list | tuple) or not all(type(token) is int and token >= 0 for token in value):
        raise DataError(f"{where}: `{key}` is not a list of token ids.")
    return tuple(value)


def _check_different(pair: Pair, where: str) -> None:
    if pair.chosen == pair.rejected:
        raise DataError(f"{where}: `chosen` and `rejected` are the same text, so nothing is preferred.")
