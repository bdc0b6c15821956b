"""The math task: problems with one short exact answer, judged without a model."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Literal, Self, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

from verirl.errors import DataWarning
from verirl.types import SPLITS, Case, Problem, Split, Status, Toolbox, Verdict
from verirl_tasks.math.extract import AnswerTooLong, Extraction, extract
from verirl_tasks.math.forms import Form
from verirl_tasks.math.generators import ARITHMETIC, Subject
from verirl_tasks.math.judge import BadGold, judge, parse_gold
from verirl_tasks.math.tree import UNEVALUATED, Node, contains

_INSTRUCTIONS = {
    "boxed": "Put the final answer in \\boxed{}.",
    "number": "Answer with only the number.",
    "lenient": "",
}
_SOUGHT = {"boxed": "box", "number": "number", "lenient": "answer"}


class MathConfig(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    data: str = "generated"
    """`generated`, `gsm8k`, `math500` and `math` (or their hub ids), or the path of a JSONL file with `question` and
    `answer` (and perhaps `split`) in every line."""
    path: str | None = None
    """Folder with train.jsonl and test.jsonl, or one file, for gsm8k, math500 and math; without it the folder that the
    variable VERIRL_DATA names, else the Hugging Face hub."""
    extraction: Extraction = "boxed"
    """`boxed` reads the last \\boxed{}, `number` the last number in the response, `lenient` (for text that was not asked
    for a box) the box, else what follows "the answer is", else the last formula, else the last number."""
    form: Literal["auto", "evaluated", "any"] = "auto"
    """`evaluated` takes no answer that leaves something to be worked out where the gold answer does not, so that repeating
    the problem earns nothing; `any` takes whatever is equal; `auto` is `evaluated` for generated problems and gsm8k."""
    second_opinion: bool = False
    """Ask Math-Verify, too (pip install math-verify): `parts` then has `math_verify`, 1 where it accepts. The verdict stays
    ours. Slow, and not for training."""
    instruction: str | None = None
    """Put after every question; by default it asks for what `extraction` reads. Empty: nothing is put."""
    subjects: tuple[Subject, ...] = Field((ARITHMETIC,), min_length=1)
    """Of generated problems: `arithmetic`, `algebra`, `number-theory`, `combinatorics`, `calculus`."""
    levels: tuple[Literal[1, 2, 3, 4, 5, 6, 7, 8], ...] = Field((1,), min_length=1)
    """Of generated problems, the higher the harder. Subjects other than arithmetic have levels 1 to 5. Arithmetic: 1
    one-digit sums and differences, 2 up to 20, 3 of two digits, 4 products and exact quotients, 5 two operations, 6
    word problems, 7 fractions and decimals, 8 long numbers, three or four operations, three fractions."""
    train_size: NonNegativeInt = 2000
    """Generated problems to train on; fewer where the levels have not that many."""
    validation_size: NonNegativeInt = 256
    """Generated problems of the validation split; of a small level of arithmetic at most a tenth."""
    test_size: NonNegativeInt = 512
    """Generated problems of the test split; of a small level of arithmetic at most nine twentieths."""
    seed: int = 0
    """Which problems are generated, and how arithmetic's levels 1 to 7 are split: any other problem is in one split
    whatever the seed."""
    min_number: int | None = None
    """Smallest operand of arithmetic's levels 1 to 5; by default the level's own."""
    max_number: int | None = None
    """Largest operand of arithmetic's levels 1 to 5; by default the level's own."""
    operations: tuple[Literal["+", "-", "*", "/"], ...] | None = None
    """Operations of generated arithmetic; by default the level's own. A level keeps to those that it knows."""
    negative: bool = True
    """Whether the answer of a generated problem of arithmetic may be below zero."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        others = [subject for subject in self.subjects if subject != ARITHMETIC]
        if others and max(self.levels) > 5:
            raise ValueError(f"{others[0]} has levels 1 to 5; give arithmetic's levels above 5 a task of their own")
        if others and self.extraction == "number":
            raise ValueError(
                f"answers of {others[0]} are sets and formulas too; set extraction to `boxed` or `lenient`"
            )
        return self


class MathTask:
    Config = MathConfig

    def __init__(self, config: MathConfig) -> None:
        self.config = config
        self._problems: dict[Split, list[Problem]] | None = None

    def problems(self, split: Split) -> Sequence[Problem]:
        """The same for the same config, always; no question is in two splits. Raises DataError for a bad file."""
        if self._problems is None:
            self._problems = self._load()
        return self._problems[split]

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        """1 for an answer equal to `problem.data["answer"]`, else 0."""
        gold = problem.data.get("answer")
        if isinstance(gold, int | float) and not isinstance(gold, bool):
            gold = str(gold)
        if not isinstance(gold, str):
            return Verdict(status=Status.INVALID_PROBLEM, reason="the problem has no gold answer")
        try:
            answer = extract(response, self.config.extraction)
        except AnswerTooLong as error:
            return Verdict(status=Status.UNPARSEABLE, reward=0.0, reason=str(error))
        if answer is None:
            sought = _SOUGHT[self.config.extraction]
            return Verdict(status=Status.NO_ANSWER, reward=0.0, reason=f"the response has no {sought}")
        try:
            status, reason, tier = judge(gold, answer, self._form(problem))
        except BadGold as error:
            return Verdict(status=Status.INVALID_PROBLEM, answer=answer, reason=str(error))
        parts = {f"tier/{tier}": 1.0} if tier else {}
        if self.config.second_opinion:
            from verirl_tasks.math.second_opinion import accepts

            parts["math_verify"] = float(accepts(gold, answer))
        return Verdict(status=status, reward=float(status is Status.CORRECT), answer=answer, reason=reason, parts=parts)

    def prepare(self, problems: Sequence[Problem], tools: Toolbox) -> None:
        """Loads sympy where a gold answer needs it: its second of CPU time must not count against an answer."""
        if any(contains(gold, UNEVALUATED) for problem in problems if (gold := _readable(problem)) is not None):
            from verirl_tasks.math import symbolic

            symbolic.load()

    def reference(self, problem: Problem) -> str | None:
        """The worked solution where the data has one, and the gold answer as `extraction` reads it."""
        answer = str(problem.data["answer"])
        written = {"boxed": f"\\boxed{{{answer}}}", "number": answer, "lenient": f"${answer}$"}[self.config.extraction]
        solution = problem.data.get("solution")
        if solution or self.config.extraction == "lenient":
            written = f"The final answer is {written}"
        return f"{solution}\n{written}" if solution else written

    def cases(self) -> Iterator[Case]:
        """Answers that this task vouches for, as its own `extraction` reads them."""
        from verirl_tasks.math.cases import CASES

        for index, (gold, response, status) in enumerate(CASES[self.config.extraction]):
            problem = Problem(id=f"case-{index}", prompt=[], data={"answer": gold}, split="test")
            yield Case(problem=problem, response=response, expected=status, source="verirl")

    def _form(self, problem: Problem) -> Form:
        """As the problem asks ("expanded" or "factored", too), else the config."""
        own = problem.data.get("form")
        if own is not None and own in get_args(Form):
            return cast(Form, own)
        if self.config.form == "auto":
            return "evaluated" if self.config.data in ("generated", "gsm8k", "openai/gsm8k") else "any"
        return self.config.form

    def _load(self) -> dict[Split, list[Problem]]:
        found: dict[Split, list[Problem]] = {split: [] for split in SPLITS}
        config = self.config
        if config.data == "generated":
            from verirl_tasks.math.generate import Space, generate

            space = Space(
                levels=tuple(dict.fromkeys(config.levels)),
                sizes=(config.train_size, config.validation_size, config.test_size),
                seed=config.seed,
                low=config.min_number,
                high=config.max_number,
                operations=None if config.operations is None else "".join(config.operations),
                negative=config.negative,
                subjects=tuple(dict.fromkeys(config.subjects)),
            )
            for split, generated in generate(space).items():
                for item in generated:
                    data = {"question": item.question, "answer": item.answer}
                    if item.form:
                        data["form"] = item.form
                    found[split].append(self._problem(item.id, item.question, data, split, item.tags))
        else:
            from verirl_tasks.math.datasets import load_rows

            for row in load_rows(config.data, config.path):
                data = {"question": row.question, "answer": row.answer}
                if row.solution:
                    data["solution"] = row.solution
                found[row.split].append(self._problem(row.id, row.question, data, row.split, row.tags))
            self._warn_of_bad_golds([problem for problems in found.values() for problem in problems])
        return found

    def _warn_of_bad_golds(self, problems: Sequence[Problem]) -> None:
        bad = [problem for problem in problems if _readable(problem) is None]
        if bad:
            shown = "; ".join(f"{problem.id}: {problem.data['answer']!r:.80}" for problem in bad[:3])
            warnings.warn(
                f"{len(bad)} of {len(problems)} gold answers of {self.config.data} cannot be read, and whatever is answered "
                f"there counts as invalid_problem: {shown}.",
                DataWarning,
                stacklevel=2,
            )

    def _problem(self, id: str, question: str, data: dict[str, str], split: Split, tags: tuple[str, ...]) -> Problem:
        instruction = self.config.instruction
        if instruction is None:
            instruction = _INSTRUCTIONS[self.config.extraction]
        prompt = [{"role": "user", "content": f"{question} {instruction}".rstrip()}]
        return Problem(id=id, prompt=prompt, data=data, split=split, tags=tags)


def _readable(problem: Problem) -> Node | None:
    """The tree of the gold answer; None where there is none that can be compared with."""
    try:
        return parse_gold(str(problem.data.get("answer", "")))
    except BadGold:
        return None
