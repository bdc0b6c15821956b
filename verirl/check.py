"""What must hold of every task, found out without a model: `verirl task check`.

Nothing of the plugin runs in this process: its problems, references, cases and verdicts come from worker processes, so
that one that hangs, dies or eats memory is a finding like any other. The order of the checks is the order in which an
author would ask: does it load, are its problems sound, does what is right earn, does what is wrong earn nothing, and is a
verdict the same whenever and in whatever order it is asked for.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from statistics import quantiles
from typing import Any, TypeVar

from verirl.errors import PluginError
from verirl.messages import AT_FAULT, DIED, HUNG, RAISED, problem_from_json, problem_to_json
from verirl.types import SPLITS, Problem, Split, Status, Trajectory, Verdict
from verirl.workers import WorkerPool

SECONDS = 75.0  # for everything, so that slow machines too are done in 90
PREPARE_SECONDS = 60.0  # wall clock of one call of `prepare`, which gets some tens of problems
SLOW_SECONDS = 30.0  # wall clock of one call of `problems`, `reference` or `cases`
WALL_SECONDS = 8.0  # of one verdict, behind which a verifier hangs; it is tried twice
ATTACKED = 40  # problems that get wrong answers
AGAIN = 120  # answers that are verified a second time
SHOWN = 3  # findings of one code that are shown; the rest are counted
FOREIGN_SHARE = 0.1  # of other problems' answers that may be right here, too: some tasks have many right answers
REFERENCES, BATCH = 400, 20  # problems whose references are verified, and how many at a time
LONG = "word " * 10_000
GOLD = ("answer", "gold", "solution", "target", "label", "expected", "secret")  # keys that `data` often has
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One flaw: a `code` for machines, and for people what is wrong and what to do. `evidence` is a plugin's traceback."""

    code: str
    what: str
    advice: str
    problem: str | None = None
    answer: str | None = None
    evidence: str = ""


@dataclass(kw_only=True)
class Row:
    """One line of the table: a check, how much it looked at, and what it found."""

    name: str
    looked_at: str = ""
    findings: list[Finding] = field(default_factory=list)
    skipped: bool = False  # there was nothing to look at


@dataclass(frozen=True)
class Answered:
    """A response to a problem, and what the verifier said of it."""

    problem: Problem
    response: str
    kind: str  # reference, empty, blank, echo, half, other, long
    verdict: Verdict


def check(task: str, config: Mapping[str, Any], everything: bool = False, unsafe: bool = False) -> Iterator[Row]:
    """Yields the rows of the table, in order. A failed row keeps those that build on it from being run.

    task, config: as in `WorkerPool`. everything: every reference, however long that takes. Raises NoSandboxError where
    the task needs the sandbox and none works here.
    """
    return _Check(task, config, everything, unsafe).rows()


class _Check:
    def __init__(self, task: str, config: Mapping[str, Any], everything: bool, unsafe: bool) -> None:
        self.task, self.config, self.everything, self.unsafe = task, config, everything, unsafe
        self.began = time.monotonic()
        self.problems: list[Problem] = []

    def rows(self) -> Iterator[Row]:
        loads = Row(name="loads")
        try:
            pool = self._pool(workers=2)
        except PluginError as error:
            loads.findings.append(_failed("does-not-load", error, "mend its import, `Config` or `__init__`"))
            yield loads
            return
        with pool:
            loads.looked_at = f"has {', '.join(['problems', 'verify', *sorted(pool.offers)])}"
            yield loads
            made = self._problems(pool)
            yield made
            if made.findings:
                return
            yield self._ids()
            yield self._splits()
            yield self._same_again()
            references, answered = self._references(pool)
            yield references
            yield self._prompts(answered)
            if not references.findings or any(one.verdict.status is Status.CORRECT for one in answered):
                wrong = Row(name="wrong answers earn nothing")
                answered += self._wrong(pool, answered, wrong)
                yield wrong
            if "respond" in pool.offers:
                yield self._episodes(pool, answered)
            if "cases" in pool.offers:
                yield self._cases(pool)
            yield self._verdicts(pool, answered)

    def _pool(self, workers: int, hash_seed: int = 0) -> WorkerPool:
        return WorkerPool(
            self.task,
            self.config,
            workers,
            wall_seconds=WALL_SECONDS,
            unsafe=self.unsafe,
            hash_seed=hash_seed,
            prepare_seconds=PREPARE_SECONDS,
        )

    def _until(self, share: float) -> float | None:
        """When that share of the time is over; what ends early leaves its time to what follows."""
        return None if self.everything else self.began + share * SECONDS

    # ------------------------------------------------------------------------------------------------ problems

    def _problems(self, pool: WorkerPool) -> Row:
        row = Row(name="problems")
        counts: dict[Split, int] = {}
        for split in SPLITS:
            try:
                found = [problem_from_json(value) for value in pool.inspect("problems", split, wall=SLOW_SECONDS)]
            except PluginError as error:
                row.findings.append(
                    _failed("problems-fail", error, f"`problems({split!r})` must give a list of Problem")
                )
                continue
            counts[split] = len(found)
            self.problems += found
            for problem in found:
                row.findings += _malformed(problem, split)
        row.looked_at = ", ".join(f"{split} {count:,}" for split, count in counts.items())
        if not row.findings and not counts.get("train"):
            row.findings.append(
                Finding(code="no-problems", what="no problem to train on", advice="`problems('train')` must give some")
            )
        if not row.findings and not counts.get("validation") and not counts.get("test"):
            what = "no held-out problems: nothing can be evaluated"
            row.findings.append(
                Finding(code="no-held-out", what=what, advice="give `validation` and `test` problems of their own")
            )
        row.findings = _few(row.findings)
        return row

    def _ids(self) -> Row:
        counts = Counter(problem.id for problem in self.problems)
        twice = [id for id, count in counts.items() if count > 1]
        advice = "an id names one problem in all splits: put what tells them apart into it"
        found = [
            Finding(code="duplicate-id", what=f"{counts[id]} problems have it", advice=advice, problem=id)
            for id in twice
        ]
        return Row(name="ids are unique", looked_at=f"{len(counts):,} ids", findings=_few(found))

    def _splits(self) -> Row:
        home: dict[str, Problem] = {}
        found = []
        for problem in self.problems:
            other = home.setdefault(" ".join(_prompt_text(problem).casefold().split()), problem)
            if other.split != problem.split:
                what = f"the same prompt is in {other.split} ({other.id}) and in {problem.split}"
                advice = "split by what the prompt asks, before anything else is drawn"
                found.append(Finding(code="split-leak", what=what, advice=advice, problem=problem.id))
        return Row(name="splits are disjoint", looked_at=f"{len(home):,} prompts", findings=_few(found))

    def _same_again(self) -> Row:
        """Built a second time in another process, whose sets have another order."""
        row = Row(name="problems are the same every time", looked_at="built twice")
        advice = "draw with random.Random(seed of the config), and sort what comes from a set, a folder or the network"
        try:
            with self._pool(workers=1, hash_seed=4242) as pool:
                again = [
                    problem_from_json(value)
                    for split in SPLITS
                    for value in pool.inspect("problems", split, wall=SLOW_SECONDS)
                ]
        except PluginError as error:
            row.findings.append(_failed("problems-differ", error, advice))
            return row
        for before, after in zip(self.problems, again, strict=False):
            if before != after:
                what = f"it was {_show(before)} and is {_show(after)} when the task is built again"
                row.findings.append(Finding(code="problems-differ", what=what, advice=advice, problem=before.id))
                break
        else:
            if len(again) != len(self.problems):
                what = f"there were {len(self.problems)}, and {len(again)} when the task was built again"
                row.findings.append(Finding(code="problems-differ", what=what, advice=advice))
        return row

    # ------------------------------------------------------------------------------------------------ right answers

    def _references(self, pool: WorkerPool) -> tuple[Row, list[Answered]]:
        row = Row(name="references pass")
        order = list(self.problems)
        random.Random(0).shuffle(order)
        order = order if self.everything else order[:REFERENCES]
        until = self._until(0.4)
        answered: list[Answered] = []
        given = 0
        while order and (until is None or time.monotonic() < until):
            some, order = order[:BATCH], order[BATCH:]
            try:
                pool.prepare(some)
                references = self._reference_of(pool, some)
            except PluginError as error:
                row.findings.append(
                    _failed("reference-fails", error, "`prepare` and `reference` must work on every problem")
                )
                break
            asked = [
                (problem, text, "reference") for problem, text in zip(some, references, strict=True) if text is not None
            ]
            given += len(asked)
            answered += _verify(pool, asked, until)
            if sum(_hopeless(one.verdict) for one in answered) >= 2:
                break
        for one in answered:
            if found := _blame(one):
                row.findings.append(found)
            elif one.verdict.status is not Status.CORRECT:
                row.findings.append(_not_right(one))
        row.looked_at = f"{len(answered):,} of {len(self.problems):,}"
        if not given and not row.findings:
            row.looked_at = "the task gives none: whether a right answer passes is known from its cases alone"
            row.skipped = True
        row.findings = _few(row.findings)
        return row, answered

    def _reference_of(self, pool: WorkerPool, problems: Sequence[Problem]) -> list[str | None]:
        if "reference" not in pool.offers:
            return [None] * len(problems)
        found: list[str | None] = pool.inspect(
            "reference", [problem_to_json(problem) for problem in problems], wall=SLOW_SECONDS
        )
        return found

    def _prompts(self, answered: Sequence[Answered]) -> Row:
        """A prompt that gives its answer away does so in the same words in one problem after the other."""
        row = Row(name="prompts keep the answer", looked_at=f"{len(answered):,} prompts", skipped=not answered)
        leaks: dict[str, dict[str, str]] = {}  # by the words before it: problem id -> answer
        for one in answered:
            prompt = _prompt_text(one.problem)
            for answer in _answers(one):
                for at in _places(prompt, answer):
                    for length in (8, 4):  # the longer one may reach into what differs between prompts
                        leaks.setdefault(prompt[max(0, at - length) : at], {})[one.problem.id] = answer
        context, found = max(leaks.items(), key=lambda item: len(item[1]), default=("", {}))
        if len(found) >= max(3, 0.8 * len(answered)) and len(set(found.values())) > 1:
            what = f"{len(found)} of {len(answered)} prompts hold their answer, after {context!r}"
            advice = "take it out of the prompt: what the policy may see is in `prompt`, what it may not is in `data`"
            id, answer = next(iter(found.items()))
            row.findings.append(
                Finding(code="answer-in-prompt", what=what, advice=advice, problem=id, answer=answer[:200])
            )
        return row

    # ------------------------------------------------------------------------------------------------ wrong answers

    def _wrong(self, pool: WorkerPool, right: Sequence[Answered], row: Row) -> list[Answered]:
        """Empty, echoed, cut and foreign answers. Where the task has no references the first ones are all there is."""
        own = {one.problem.id: one for one in right if one.verdict.status is Status.CORRECT}
        problems = [one.problem for one in own.values()][:ATTACKED] or _spread(self.problems, ATTACKED)
        asked: list[tuple[Problem, str, str]] = []
        for place, problem in enumerate(problems):
            asked += [(problem, "", "empty"), (problem, " \n\t ", "blank"), (problem, _prompt_text(problem), "echo")]
            if place < 4:
                asked.append((problem, LONG, "long"))
            if problem.id not in own:
                continue
            reference = own[problem.id]
            if half := reference.response[: len(reference.response) // 2].strip():
                asked.append((problem, half, "half"))
            for step in (1, 3):
                other = own[problems[(place + step) % len(problems)].id]
                if other.response != reference.response and _differ(other, reference):
                    asked.append((problem, other.response, "other"))
        answered = _verify(pool, asked, self._until(0.6))
        row.looked_at = ", ".join(f"{n} {kind}" for kind, n in Counter(one.kind for one in answered).items())
        for one in answered:
            nothing = one.kind in ("empty", "blank")  # which may not even be partly right
            paid = bool(one.verdict.reward) if nothing else one.verdict.status is Status.CORRECT
            if found := _blame(one):
                row.findings.append(found)
            elif paid and one.kind not in ("half", "other"):
                row.findings.append(_earns(one))
        for kind in ("half", "other"):
            every = [one for one in answered if one.kind == kind]
            taken = [one for one in every if one.verdict.status is Status.CORRECT]
            if kind == "half":  # which may hold all of the answer: "19. That is 19."
                taken = [one for one in taken if _differ(one, own[one.problem.id])]
            elif len(taken) <= len(every) / 2:  # if most are taken, all are
                taken = [one for one in taken if not self._equal(pool, one, own)]
            if len(taken) > FOREIGN_SHARE * len(every):
                row.findings += [_earns(one) for one in taken]
        row.findings = _few(row.findings)
        return answered

    def _equal(self, pool: WorkerPool, one: Answered, own: Mapping[str, Answered]) -> bool:
        """Whether the foreign answer that passed is the same in other words: each then passes for the other."""
        owner = next(other.problem for other in own.values() if other.response == one.response)
        return pool.verify(owner, own[one.problem.id].response).status is Status.CORRECT

    def _episodes(self, pool: WorkerPool, answered: Sequence[Answered]) -> Row:
        """Episodes of one turn: the environment answers them, and they are judged as the response alone is."""
        some = [one for one in answered if one.kind in ("reference", "empty", "half") and not _hopeless(one.verdict)]
        row = Row(name="episodes of one turn", looked_at=f"{len(some[:ATTACKED])} answers", skipped=not some)
        for one in some[:ATTACKED]:
            turns = [{"role": "assistant", "content": one.response}]
            said = pool.respond(one.problem, [*one.problem.prompt, *turns])
            if isinstance(said, Verdict):
                advice = "`respond` gives the environment's next message, or None where the episode is over"
                row.findings.append(_about(one, "environment-fails", f"`respond`: {said.reason}", advice))
                if _hopeless(said):
                    break
                continue
            verdict = pool.verify_trajectory(one.problem, Trajectory(text=one.response, turns=turns))
            if (verdict.status, verdict.reward) != (one.verdict.status, one.verdict.reward):
                what = f"`verify` says {_told(one.verdict)}, `verify_episode` of the same answer {_told(verdict)}"
                row.findings.append(
                    _about(one, "episode-differs", what, "let both judge the last turn in the same way")
                )
        row.findings = _few(row.findings)
        return row

    def _cases(self, pool: WorkerPool) -> Row:
        row = Row(name="stated cases")
        try:
            cases = pool.inspect("cases", wall=SLOW_SECONDS)
            problems = [problem_from_json(case["problem"]) for case in cases]
            pool.prepare(problems)
        except PluginError as error:
            row.findings.append(_failed("case-fails", error, "`cases` must give an iterable of Case"))
            return row
        asked = [(problem, case["response"], case["expected"]) for problem, case in zip(problems, cases, strict=True)]
        answered = _verify(pool, asked, self._until(0.8))
        row.looked_at = f"{len(answered)} of {len(cases)}"
        for one in answered:
            if one.verdict.status != one.kind:
                what = f"the verdict is {_told(one.verdict)}, and the case says {one.kind}"
                advice = "mend the verifier, or the case"
                row.findings.append(_blame(one) or _about(one, "case-differs", what, advice))
        row.findings = _few(row.findings)
        return row

    # ------------------------------------------------------------------------------------------------ verdicts

    def _verdicts(self, pool: WorkerPool, answered: Sequence[Answered]) -> Row:
        """The same answers again, in the other order."""
        row = Row(name="verdicts stay the same")
        some = _spread([one for one in answered if not _hopeless(one.verdict)], AGAIN)[::-1]
        again = _verify(pool, [(one.problem, one.response, one.kind) for one in some], self._until(1.0))
        for before, after in zip(some, again, strict=False):
            if (before.verdict.status, before.verdict.reward) != (after.verdict.status, after.verdict.reward):
                what = f"the same answer was {_told(before.verdict)} and later {_told(after.verdict)}"
                advice = (
                    "a verdict must follow from problem and response alone: no chance, clock, files, or earlier answers"
                )
                row.findings.append(_about(before, "verdict-changes", what, advice))
        seconds = [one.verdict.seconds for one in answered]
        slow = f", {1000 * quantiles(seconds, n=20)[-1]:.1f} ms at the 95th percentile" if len(seconds) > 1 else ""
        row.looked_at = f"{len(again)} answers again, in another order{slow}"
        row.findings = _few(row.findings)
        return row


def _verify(pool: WorkerPool, asked: Sequence[tuple[Problem, str, str]], until: float | None) -> list[Answered]:
    """In order, on every worker; those that the time is enough for, and none after two that were hopeless."""
    lost = 0

    def one(item: tuple[Problem, str, str]) -> Answered | None:
        nonlocal lost
        if lost >= 2 or (until is not None and time.monotonic() > until):
            return None
        problem, response, kind = item
        verdict = pool.verify(problem, response)
        lost += _hopeless(verdict)
        return Answered(problem, response, kind, verdict)

    with ThreadPoolExecutor(2) as executor:
        return [answer for answer in executor.map(one, asked) if answer is not None]


def _hopeless(verdict: Verdict) -> bool:
    """Whether asking on would only cost time: it hung, or took all the CPU time there is."""
    return verdict.status is Status.TIMEOUT or (
        verdict.status is Status.INFRASTRUCTURE_ERROR and verdict.reason.startswith((HUNG, DIED))
    )


def _blame(one: Answered) -> Finding | None:
    """What is wrong with the verifier itself, whatever the answer."""
    verdict = one.verdict
    if verdict.status is Status.INVALID_PROBLEM:
        return _about(
            one, "invalid-problem", f"the verifier says {_told(verdict)}", "mend the problem, or leave it out"
        )
    if verdict.status is Status.TIMEOUT:
        return _about(
            one, "too-slow", f"no verdict in time: {verdict.reason}", "bound the work by the size of the answer"
        )
    if verdict.status is Status.INFRASTRUCTURE_ERROR:
        code, advice = next(
            (code, advice)
            for cause, code, advice in (
                (RAISED, "verifier-raises", "catch what an answer can cause and give a Verdict"),
                (AT_FAULT, "invalid-verdict", "give Verdict(status=Status.…, reward=…) with a reward in [0, 1]"),
                (HUNG, "verifier-hangs", "bound the work, and wait for nothing without a limit"),
                (
                    DIED,
                    "verifier-dies",
                    "an answer must not be able to end the process: parse it, and run code in tools.sandbox",
                ),
                ("", "verifier-fails", "see the reason"),
            )
            if verdict.reason.startswith(cause)
        )
        return _about(one, code, verdict.reason, advice)
    if (verdict.reward or 0.0) >= 1.0 and verdict.status is not Status.CORRECT:
        return _about(
            one, "status-differs", f"{_told(verdict)}: the full reward, but no pass", "what earns 1 is `correct`"
        )
    if verdict.status is Status.CORRECT and not verdict.reward:
        return _about(one, "status-differs", f"{_told(verdict)}: a pass that earns nothing", "what is `correct` earns")
    return None


def _not_right(one: Answered) -> Finding:
    advice = "mend the reference or the verifier: what they disagree on is never learned"
    return _about(one, "reference-fails", f"the reference is {_told(one.verdict)}", advice)


_WRONG = {
    "empty": "an empty answer",
    "blank": "an answer of white space",
    "long": "50,000 characters of one word",
    "echo": "the prompt, given back,",
    "half": "the first half of the reference",
    "other": "the reference of another problem",
}


def _earns(one: Answered) -> Finding:
    advice = {
        "echo": "read the answer from where it must stand, not from anywhere in the text",
        "half": "compare the whole answer",
        "other": "compare with this problem's answer, not by a substring or a shape",
    }.get(one.kind, "give no_answer, reward 0, where there is no answer")
    return _about(one, f"accepts-{one.kind}", f"{_WRONG[one.kind]} is {_told(one.verdict)}", advice)


def _about(one: Answered, code: str, what: str, advice: str) -> Finding:
    return Finding(code=code, what=what, advice=advice, problem=one.problem.id, answer=one.response[:200])


def _failed(code: str, error: PluginError, advice: str) -> Finding:
    return Finding(code=code, what=str(error), advice=advice, evidence=error.traceback)


def _told(verdict: Verdict) -> str:
    reason = f" ({verdict.reason[:200]})" if verdict.reason else ""
    return f"{verdict.status}, reward {verdict.reward}{reason}"


def _malformed(problem: Problem, split: Split) -> Iterable[Finding]:
    advice = (
        "a Problem has an id, a prompt of chat messages ({'role', 'content'}), data, and the split that was asked for"
    )
    if problem.split != split:
        what = f"`problems({split!r})` gives one whose split is {problem.split!r}"
        yield Finding(code="wrong-split", what=what, advice=advice, problem=problem.id)
    if not isinstance(problem.id, str) or not problem.id:
        yield Finding(code="bad-problem", what=f"its id is {problem.id!r}", advice=advice, problem=str(problem.id))
    if not problem.prompt or not all("role" in message and message.get("content") for message in problem.prompt):
        yield Finding(
            code="bad-problem", what="its prompt is no list of messages with text", advice=advice, problem=problem.id
        )


def _prompt_text(problem: Problem) -> str:
    texts = []
    for message in problem.prompt:
        content = message.get("content")
        parts = content if isinstance(content, list | tuple) else [content]
        texts += [str(part.get("text", "")) if isinstance(part, Mapping) else str(part) for part in parts]
    return "\n".join(texts)


def _answers(one: Answered) -> set[str]:
    """What gives the answer away: the reference, what the verifier took for the answer, and what `data` calls one."""
    named = [
        str(value) for key, value in one.problem.data.items() if key in GOLD and isinstance(value, str | int | float)
    ]
    return {text.strip() for text in (one.response, one.verdict.answer or "", *named)} - {""}


def _places(text: str, answer: str) -> Iterator[int]:
    """Where `answer` stands as a whole word or phrase."""
    at = text.find(answer) if answer else -1
    while at >= 0:
        around = text[at - 1 : at] + text[at + len(answer) : at + len(answer) + 1]
        if not any(letter.isalnum() for letter in around):
            yield at
        at = text.find(answer, at + 1)


def _differ(one: Answered, other: Answered) -> bool:
    """Whether their answers do, as far as the task says what it took for the answer."""
    return one.verdict.answer is None or one.verdict.answer != other.verdict.answer


def _spread(items: Sequence[T], count: int) -> list[T]:
    """`count` of them, evenly from the first to the last."""
    return list(items) if len(items) <= count else [items[i * len(items) // count] for i in range(count)]


def _few(findings: Sequence[Finding]) -> list[Finding]:
    """The first few of each code; the last of them says how many more there are."""
    counts = Counter(finding.code for finding in findings)
    seen: Counter[str] = Counter()
    kept = []
    for finding in findings:
        seen[finding.code] += 1
        more = counts[finding.code] - SHOWN
        if seen[finding.code] == SHOWN and more > 0:
            what = f"{finding.what}; and {more} more like this"
            finding = replace(finding, what=what)
        if seen[finding.code] <= SHOWN:
            kept.append(finding)
    return kept


def _show(problem: Problem) -> str:
    return json.dumps(problem_to_json(problem))[:160]
