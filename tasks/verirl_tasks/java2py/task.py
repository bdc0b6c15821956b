"""The Java-to-Python task: a translation earns by doing what the Java did, on inputs that it cannot know."""

from __future__ import annotations

import dataclasses
import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt

from verirl.types import SPLITS, Case, Problem, Split, Status, Toolbox, Verdict
from verirl_sandbox import Call, Limits, Outcome, Result
from verirl_tasks.java2py import strength
from verirl_tasks.java2py.answer import check, extract
from verirl_tasks.java2py.corpus import Entry
from verirl_tasks.java2py.inputs import Kind
from verirl_tasks.java2py.java import JavaError, hide_names, strip_comments
from verirl_tasks.java2py.judge import arguments, choose, dense, judge
from verirl_tasks.java2py.oracle import Oracle, Pool, Recording, Wanted
from verirl_tasks.java2py.prompt import answer, prompt

_KEPT = 256  # recordings in memory, of which each is a few hundred kB
_STATUSES = {
    Outcome.LOAD_ERROR: Status.UNPARSEABLE,
    Outcome.NO_FUNCTION: Status.UNPARSEABLE,
    Outcome.CPU_LIMIT: Status.TIMEOUT,
    Outcome.WALL_LIMIT: Status.TIMEOUT,
    Outcome.MEMORY_LIMIT: Status.LIMIT,
    Outcome.FILE_LIMIT: Status.LIMIT,
    Outcome.OUTPUT_LIMIT: Status.LIMIT,
}  # the others (it ended itself, crashed, forged, was not the same twice): incorrect


class Java2PyConfig(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    data: str = "corpus"
    """`corpus` (methods of our own), `humaneval-x` and `mbxp` (or their hub ids), or the path of a JSONL file with `java` and
    `method` (and perhaps `python`, `tags`, `split`) in every line."""
    path: str | None = None
    """Folder of the files of humaneval-x or mbxp; without it the folder that the variable VERIRL_DATA names, else the
    Hugging Face hub."""
    levels: tuple[Literal[1, 2, 3, 4], ...] = Field((1, 2, 3, 4), min_length=1)
    """Of the corpus: 1 one or two lines, to 4 several classes and traps."""
    variations: NonNegativeInt = 0
    """Of the corpus: how many variations of its training methods (other names and constants, composed methods) are trained on
    beside them."""
    tests: PositiveInt = 50
    """Inputs of one verification, drawn from the pool by a hash of problem and response."""
    confirming_tests: NonNegativeInt = 150
    """Further inputs for a translation that has all of `tests` right, before it earns."""
    strict_tests: PositiveInt = 400
    """Inputs of the second look that audits take, always from the evaluation pool."""
    pool: PositiveInt = 1000
    """Inputs recorded of each method for training, and as many others for evaluation."""
    mutants: bool = False
    """Whether `prepare` also runs mutants of the methods whose strength is not known, and adds the inputs that tell them apart
    (about a second a method). That of the corpus is known."""
    inputs: Kind = "all"
    """`all` that the types allow; `tame`: without overflow, NaN, null and text beyond ASCII, where Java and Python differ by
    themselves; `small`: with small numbers, for methods that take long."""
    use_examples: bool = True
    """Whether problems that carry examples (HumanEval-X and MBXP, whose methods are defined on such inputs alone) are asked
    inputs like them instead."""
    reward: Literal["pass", "dense"] = "pass"
    """`pass` pays 1 for a right translation and else 0; `dense` pays a wrong one the share of input classes that it has right
    beyond what a constant, an argument given back, or an exception gets."""
    strip_comments: bool = True
    """Whether the Java is shown without its comments, so that it is the code that is translated."""
    hide_names: bool = False
    """Whether classes, methods and variables get neutral names, so that they do not say what the code does."""
    short_prompt: bool = False
    """Whether the prompt leaves out the rules for types, exceptions and the form of the answer: for small models that were warmed
    up on references, to which 200 tokens of rules are most of the work."""
    cpu_seconds: PositiveFloat = 5.0
    """CPU time of a translation for all its inputs together."""
    memory_mib: PositiveInt = 512
    """Memory of a translation."""


class Java2PyTask:
    Config = Java2PyConfig

    def __init__(self, config: Java2PyConfig) -> None:
        self.config = config
        self.oracle = Oracle(config.pool, config.inputs)
        self._recordings: OrderedDict[Wanted, Recording] = OrderedDict()
        self._problems: dict[Split, list[Problem]] | None = None

    def problems(self, split: Split) -> Sequence[Problem]:
        """The same for the same config, always. Raises DataError for a bad file."""
        if self._problems is None:
            self._problems = self._load()
        return self._problems[split]

    def prepare(self, problems: Sequence[Problem], tools: Toolbox) -> None:
        """Records what the Java does, where that is not in the cache. Raises NoJavaError where that needs a JDK and there is
        none. A problem whose Java is refused is told by `verify`."""
        wanted = []
        for problem in problems:
            pools: tuple[Pool, ...] = ("training", "evaluation") if problem.split == "train" else ("evaluation",)
            wanted += [self._wanted(problem.data, pool) for pool in pools]
        self._prepare([item for item in wanted if item is not None], tools)

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        """1 for a translation that does what the Java did on every input drawn. Training problems draw from the training
        pool, all others from the evaluation pool."""
        pool: Pool = "training" if problem.split == "train" else "evaluation"
        return self._verify(problem, response, tools, pool, (self.config.tests, self.config.confirming_tests))

    def verify_strict(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        """On more inputs, and others: of the evaluation pool."""
        return self._verify(problem, response, tools, "evaluation", (self.config.strict_tests,))

    def reference(self, problem: Problem) -> str | None:
        """The translation that the data set vouches for, where it has one."""
        code = problem.data.get("python")
        return answer(code) if isinstance(code, str) and code else None

    def cases(self) -> Iterator[Case]:
        """Right, wrong and hostile translations of small methods, one for each tag at least."""
        from verirl_tasks.java2py.cases import cases

        return cases()

    def _verify(self, problem: Problem, response: str, tools: Toolbox, pool: Pool, counts: Sequence[int]) -> Verdict:
        """`counts`: inputs of the first round, and of further ones, each asked where all before are right."""
        wanted = self._wanted(problem.data, pool)
        if wanted is None:
            return Verdict(status=Status.INVALID_PROBLEM, reason="the problem's data lack `java` or `method`")
        try:
            recording = self._recording(wanted, tools)
        except JavaError as error:
            return Verdict(status=Status.INVALID_PROBLEM, reason=str(error))
        found = extract(response)
        if found.code is None:
            return Verdict(status=Status.NO_ANSWER, reward=0.0, reason=found.why)
        code, name = found.code, recording.method.name
        if refusal := check(code, name):
            return Verdict(status=refusal.status, reward=0.0, answer=code, reason=refusal.reason)
        drawn = choose(recording, "\0".join((str(len(counts)), wanted.java, wanted.method, response)), sum(counts))
        ends = [end for end in accumulate(counts) if end < len(drawn)] + [len(drawn)]
        asked: list[int] = []
        calls: list[Call] = []
        for end in ends:
            batch = drawn[len(asked) : end]
            limits = Limits(
                cpu_seconds=self.config.cpu_seconds * max(1.0, len(batch) / 50), memory_mib=self.config.memory_mib
            )
            questions = [arguments(recording, index) for index in batch]
            # A few calls are asked again in the round that earns; in those before it there is nothing to gain.
            again = None if end == ends[-1] else 0
            result = tools.sandbox.call(code, name, questions, limits, second_look=again)
            if not result.ok:
                return _stopped(result, code)
            asked, calls = [*asked, *batch], [*calls, *result.calls]
            judged = judge(recording, asked, calls)
            if not all(judged.right):
                break
        parts = {"tests": judged.tests, "classes": judged.classes}
        if all(judged.right):
            return Verdict(status=Status.CORRECT, reward=1.0, answer=code, parts=parts)
        reward = dense(recording, asked, judged) if self.config.reward == "dense" else 0.0
        status = Status.PARTIAL if reward > 0 else Status.INCORRECT
        return Verdict(status=status, reward=reward, answer=code, reason=judged.reason, parts=parts)

    def _wanted(self, data: Mapping[str, Any], pool: Pool) -> Wanted | None:
        """None where the data lack something."""
        java, method, examples = data.get("java"), data.get("method"), data.get("examples")
        if not (isinstance(java, str) and isinstance(method, str) and java and method):
            return None
        like = json.dumps(examples) if self.config.use_examples and isinstance(examples, list) and examples else ""
        return Wanted(java, method, pool, like)

    def _prepare(self, wanted: Sequence[Wanted], tools: Toolbox) -> None:
        self.oracle.prepare(wanted, tools.sandbox)
        strength.prepare(wanted, self.oracle, tools.sandbox, self.config.mutants)

    def _recording(self, key: Wanted, tools: Toolbox) -> Recording:
        """Raises JavaError for a method that is refused."""
        found = self._recordings.get(key)
        if found is None:
            found = strength.load(key, self.oracle)
            if found is None:
                self._prepare([key], tools)
                found = strength.load(key, self.oracle)
            if found is None:
                raise RuntimeError(f"what was recorded is not in {self.oracle.folder}")
            if not found.records:
                raise JavaError(f"{key.method}: the Java ends on none of the inputs that its types allow.")
            self._recordings[key] = found
            if len(self._recordings) > _KEPT:
                self._recordings.popitem(last=False)
        self._recordings.move_to_end(key)
        return found

    def _load(self) -> dict[Split, list[Problem]]:
        found: dict[Split, list[Problem]] = {split: [] for split in SPLITS}
        for problem in self._corpus() if self.config.data == "corpus" else self._rows():
            found[problem.split].append(problem)
        return found

    def _corpus(self) -> Iterator[Problem]:
        from verirl_tasks.java2py import corpus, similar

        entries = corpus.entries()
        splits = similar.splits(entries)
        for entry in entries:
            split = splits[entry.name]
            if split == "train" and not all(one.strong for one in strength.of(entry.java, entry.method)):
                continue
            yield from self._entry(entry, split)
        if self.config.variations:
            from verirl_tasks.java2py import vary

            learned = [entry.name for entry in entries if splits[entry.name] == "train"]
            for variant in vary.verified(entries, only=learned, count=self.config.variations):
                yield from self._entry(variant, "train", "variation")

    def _entry(self, entry: Entry, split: Split, *more: str) -> Iterator[Problem]:
        if entry.level in self.config.levels:
            tags = (f"level-{entry.level}", *entry.tags, *more)
            made = self._problem(entry.name, entry.java, entry.method, entry.python, split, tags)
            if measured := strength.of(entry.java, entry.method):  # for people: of the weaker pool
                worst = min(measured, key=lambda one: one.rate)
                known = {"rate": worst.rate, "mutants": worst.mutants, "equivalent": worst.equivalent}
                made = dataclasses.replace(made, data={**made.data, "strength": known})
            yield made

    def _rows(self) -> Iterator[Problem]:
        from verirl_tasks.java2py.datasets import load_rows

        for row in load_rows(self.config.data, self.config.path):
            yield self._problem(row.id, row.java, row.method, row.python, row.split, row.tags, row.examples)

    def _problem(
        self,
        id: str,
        java: str,
        method: str,
        python: str,
        split: Split,
        tags: tuple[str, ...],
        examples: Sequence[list[Any]] = (),
    ) -> Problem:
        shown, name = java, method.rpartition(".")[2]
        try:
            if self.config.hide_names:
                java, method = hide_names(java, method)
                hidden = method.rpartition(".")[2]
                python = f"{python.rstrip()}\n\n\n{hidden} = {name}\n" if python and hidden != name else python
                name = hidden
            shown = strip_comments(java) if self.config.strip_comments else java
        except JavaError:
            pass  # `verify` says what is wrong with it
        data: dict[str, Any] = {"java": java, "method": method}
        if python:
            data["python"] = python
        if examples:
            data["examples"] = list(examples)
        asked = prompt(shown, name, self.config.short_prompt)
        return Problem(id=id, prompt=asked, data=data, split=split, tags=tags)


def _stopped(result: Result, code: str) -> Verdict:
    status = _STATUSES.get(result.outcome, Status.INCORRECT)
    reason = f"{result.outcome}: {result.detail}" if result.detail else str(result.outcome)
    if result.calls:
        reason = f"{reason} (after {len(result.calls)} inputs)"
    return Verdict(status=status, reward=0.0, answer=code, reason=reason)
