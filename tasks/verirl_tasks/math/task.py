"""The math task: problems with one short exact answer, judged without a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt

from verirl.types import SPLITS, Case, Problem, Split, Status, Toolbox, Verdict
from verirl_tasks.math.extract import AnswerTooLong, Extraction, extract
from verirl_tasks.math.judge import BadGold, judge

_INSTRUCTIONS = {"boxed": "Put the final answer in \\boxed{}.", "number": "Answer with only the number."}


class MathConfig(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    data: str = "generated"
    """`generated`, `gsm8k` and `math500` (or their hub ids), or the path of a JSONL file with `question` and `answer` (and perhaps `split`)
    in every line."""
    path: str | None = None
    """Folder with train.jsonl and test.jsonl, or one file, for gsm8k and math500; without it the folder that the
    variable VERIRL_DATA names, else the Hugging Face hub."""
    extraction: Extraction = "boxed"
    """`boxed` reads the last \\boxed{}, `number` the last number in the response."""
    instruction: str | None = None
    """Put after every question; by default it asks for what `extraction` reads. Empty: nothing is put."""
    levels: tuple[Literal[1, 2, 3, 4, 5, 6, 7], ...] = Field((1,), min_length=1)
    """Of generated problems: 1 one-digit sums and differences, 2 up to 20, 3 of two digits, 4 products and exact
    quotients, 5 two operations, 6 word problems, 7 fractions and decimals."""
    train_size: NonNegativeInt = 2000
    """Generated problems to train on; fewer where the levels have not that many."""
    validation_size: NonNegativeInt = 256
    """Generated problems of the validation split; of a small level at most a tenth."""
    test_size: NonNegativeInt = 512
    """Generated problems of the test split; of a small level at most nine twentieths."""
    seed: int = 0
    """Which problems are generated, and how they are split."""
    min_number: int | None = None
    """Smallest operand of levels 1 to 5; by default the level's own."""
    max_number: int | None = None
    """Largest operand of levels 1 to 5; by default the level's own."""
    operations: tuple[Literal["+", "-", "*", "/"], ...] | None = None
    """Operations of generated arithmetic; by default the level's own. A level keeps to those that it knows."""
    negative: bool = True
    """Whether the answer of a generated problem may be below zero."""


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
            sought = "box" if self.config.extraction == "boxed" else "number"
            return Verdict(status=Status.NO_ANSWER, reward=0.0, reason=f"the response has no {sought}")
        try:
            status, reason = judge(gold, answer)
        except BadGold as error:
            return Verdict(status=Status.INVALID_PROBLEM, answer=answer, reason=str(error))
        return Verdict(status=status, reward=float(status is Status.CORRECT), answer=answer, reason=reason)

    def reference(self, problem: Problem) -> str | None:
        """The worked solution where the data has one, and the gold answer as `extraction` reads it."""
        answer = str(problem.data["answer"])
        if self.config.extraction == "boxed":
            answer = f"\\boxed{{{answer}}}"
        solution = problem.data.get("solution")
        return f"{solution}\nThe final answer is {answer}" if solution else answer

    def cases(self) -> Iterator[Case]:
        """Answers that this task vouches for, as its own `extraction` reads them."""
        from verirl_tasks.math.cases import BOXED, NUMBER

        for index, (gold, response, status) in enumerate(BOXED if self.config.extraction == "boxed" else NUMBER):
            problem = Problem(id=f"case-{index}", prompt=[], data={"answer": gold}, split="test")
            yield Case(problem=problem, response=response, expected=status, source="verirl")

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
            )
            for split, generated in generate(space).items():
                for item in generated:
                    data = {"question": item.question, "answer": item.answer}
                    found[split].append(self._problem(item.id, item.question, data, split, item.tags))
        else:
            from verirl_tasks.math.datasets import load_rows

            for row in load_rows(config.data, config.path):
                data = {"question": row.question, "answer": row.answer}
                if row.solution:
                    data["solution"] = row.solution
                found[row.split].append(self._problem(row.id, row.question, data, row.split, row.tags))
        return found

    def _problem(self, id: str, question: str, data: dict[str, str], split: Split, tags: tuple[str, ...]) -> Problem:
        instruction = self.config.instruction
        if instruction is None:
            instruction = _INSTRUCTIONS[self.config.extraction]
        prompt = [{"role": "user", "content": f"{question} {instruction}".rstrip()}]
        return Problem(id=id, prompt=prompt, data=data, split=split, tags=tags)
