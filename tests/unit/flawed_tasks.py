"""Sound tasks of several shapes, and one of them broken in one way each: what `task check` must tell apart.

Each flaw's docstring begins with the code that the check must name.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from verirl.types import SPLITS, Case, Message, Problem, Split, Status, Toolbox, Verdict

RIGHT = Verdict(status=Status.CORRECT, reward=1.0)
WRONG = Verdict(status=Status.INCORRECT, reward=0.0)


class Doubling:
    """What is twice n? Sound."""

    class Config(BaseModel):
        pass

    def __init__(self, config: Config) -> None: ...

    def problems(self, split: Split) -> Sequence[Problem]:
        start = 100 * SPLITS.index(split)
        return [self.problem(number, split) for number in range(start + 10, start + 40)]

    def problem(self, number: int, split: Split) -> Problem:
        prompt = [{"role": "user", "content": f"What is twice {number}?"}]
        return Problem(id=f"double-{number}", prompt=prompt, data={"answer": str(2 * number)}, split=split)

    def reference(self, problem: Problem) -> str | None:
        return str(problem.data["answer"])

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        found = re.fullmatch(r"\s*(-?[0-9]{1,9})\s*", response)
        if found is None:
            return Verdict(status=Status.NO_ANSWER, reward=0.0)
        right = int(found[1]) == int(problem.data["answer"])
        return Verdict(status=Status.CORRECT if right else Status.INCORRECT, reward=float(right), answer=found[1])


# ---------------------------------------------------------------------------------------------------- sound ones


class Choice(Doubling):
    """The answer is one of four letters, all of which stand in every prompt."""

    def problem(self, number: int, split: Split) -> Problem:
        options = "  ".join(
            f"{letter}) {2 * number + offset}" for letter, offset in zip("ABCD", self.offsets(number), strict=True)
        )
        prompt = [{"role": "user", "content": f"What is twice {number}? Answer A, B, C or D.\n{options}"}]
        return Problem(
            id=f"choice-{number}", prompt=prompt, data={"answer": "ABCD"[self.offsets(number).index(0)]}, split=split
        )

    def offsets(self, number: int) -> list[int]:
        offsets = [0, 1, -1, 2]
        random.Random(number).shuffle(offsets)
        return offsets

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        return RIGHT if response.strip().rstrip(").") == problem.data["answer"] else WRONG


class Multiple(Doubling):
    """Many answers are right: any multiple of n but n itself."""

    def reference(self, problem: Problem) -> str | None:
        return str(problem.data["answer"])

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        number = int(problem.data["answer"]) // 2
        if not re.fullmatch(r"\s*[0-9]{1,9}\s*", response):
            return Verdict(status=Status.NO_ANSWER, reward=0.0)
        return RIGHT if int(response) % number == 0 and int(response) > number else WRONG


class Sentence(Doubling):
    """Free text: a sentence that ends in the number. The reference's first half may be anything."""

    def reference(self, problem: Problem) -> str | None:
        return f"Twice that number is, as anybody can work out, {problem.data['answer']}"

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        last = response.split()[-1:] or [""]
        return RIGHT if last[0].rstrip(".") == problem.data["answer"] else WRONG


class Graded(Doubling):
    """Partly right by how near it is."""

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        verdict = super().verify(problem, response, tools)
        if verdict.status is not Status.INCORRECT:
            return verdict
        away = abs(int(verdict.answer or 0) - int(problem.data["answer"]))
        return Verdict(status=Status.PARTIAL, reward=0.9 / (1 + away), answer=verdict.answer)


class Code(Doubling):
    """A function, run in the sandbox."""

    def problem(self, number: int, split: Split) -> Problem:
        prompt = [{"role": "user", "content": f"Write a Python function f(n) that gives n plus {number}."}]
        return Problem(id=f"code-{number}", prompt=prompt, data={"number": number}, split=split)

    def reference(self, problem: Problem) -> str | None:
        return f"```python\ndef f(n):\n    return n + {problem.data['number']}\n```"

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        found = re.search(r"```python\n(.*?)```", response, re.DOTALL)
        if found is None:
            return Verdict(status=Status.NO_ANSWER, reward=0.0)
        result = tools.sandbox.call(found[1], "f", [[0], [5]])
        right = [call.value for call in result.calls] == [n + problem.data["number"] for n in (0, 5)]
        return RIGHT if right else WRONG


class Guessing(Doubling):
    """Several turns: the environment says whether it is higher or lower."""

    def respond(self, problem: Problem, transcript: Sequence[Message], tools: Toolbox) -> str | None:
        guess = self.verify(problem, transcript[-1]["content"], tools)
        if guess.answer is None or guess.status is Status.CORRECT:
            return None
        return "higher" if int(guess.answer) < int(problem.data["answer"]) else "lower"

    def verify_episode(self, problem: Problem, transcript: Sequence[Message], tools: Toolbox) -> Verdict:
        return self.verify(problem, transcript[-1]["content"], tools)


class NoReference(Doubling):
    """Whether a right answer passes is known from its cases alone."""

    reference = None  # type: ignore[assignment]  # the one that it inherits is taken back

    def cases(self) -> Iterator[Case]:
        yield Case(problem=self.problem(4, "test"), response="8", expected=Status.CORRECT)


# ---------------------------------------------------------------------------------------------------- flaws


class RaisesOnStart(Doubling):
    """does-not-load"""

    def __init__(self, config: Any) -> None:
        raise KeyError("no such table")


class ExitsOnStart(Doubling):
    """does-not-load"""

    def __init__(self, config: Any) -> None:
        os._exit(3)


class ProblemsRaise(Doubling):
    """problems-fail"""

    def problems(self, split: Split) -> Sequence[Problem]:
        return [self.problem(1 // SPLITS.index(split), split)]


class ProblemsOfAnotherType(Doubling):
    """problems-fail"""

    def problems(self, split: Split) -> Any:
        return [{"id": "a", "prompt": "What?"}]


class ProblemsNotJson(Doubling):
    """problems-fail"""

    def problem(self, number: int, split: Split) -> Problem:
        problem = super().problem(number, split)
        return Problem(id=problem.id, prompt=problem.prompt, data={"answer": {number}}, split=split)


class NothingToTrainOn(Doubling):
    """no-problems"""

    def problems(self, split: Split) -> Sequence[Problem]:
        return [] if split == "train" else super().problems(split)


class NothingHeldOut(Doubling):
    """no-held-out"""

    def problems(self, split: Split) -> Sequence[Problem]:
        return super().problems(split) if split == "train" else []


class WrongSplit(Doubling):
    """wrong-split"""

    def problem(self, number: int, split: Split) -> Problem:
        return super().problem(number, "train")


class PromptOfText(Doubling):
    """bad-problem"""

    def problem(self, number: int, split: Split) -> Problem:
        return Problem(id=f"{number}", prompt=[{"role": "user", "content": ""}], data={"answer": "1"}, split=split)


class SameIds(Doubling):
    """duplicate-id"""

    def problem(self, number: int, split: Split) -> Problem:
        problem = super().problem(number, split)
        return Problem(id=str(number % 100), prompt=problem.prompt, data=problem.data, split=split)


class LeakingSplit(Doubling):
    """split-leak"""

    def problems(self, split: Split) -> Sequence[Problem]:
        made = [super(LeakingSplit, self).problem(number, split) for number in range(10, 40)]
        return [Problem(id=f"{split}-{one.id}", prompt=one.prompt, data=one.data, split=split) for one in made]


class DrawnAnew(Doubling):
    """problems-differ"""

    def problems(self, split: Split) -> Sequence[Problem]:
        return random.sample(list(super().problems(split)), 20)


class OrderOfASet(Doubling):
    """problems-differ"""

    def problems(self, split: Split) -> Sequence[Problem]:
        numbers = {f"{problem.data['answer']}": problem for problem in super().problems(split)}
        return [numbers[text] for text in set(numbers)]


class ReferenceFails(Doubling):
    """reference-fails"""

    def reference(self, problem: Problem) -> str | None:
        return f"{int(problem.data['answer']) + 1}"


class ReferenceRaises(Doubling):
    """reference-fails"""

    def reference(self, problem: Problem) -> str | None:
        return str(problem.data["solution"])


class PrepareRaises(Doubling):
    """reference-fails"""

    def prepare(self, problems: Sequence[Problem], tools: Toolbox) -> None:
        raise FileNotFoundError("index.json")


class PrepareHangs(Doubling):
    """reference-fails"""

    def prepare(self, problems: Sequence[Problem], tools: Toolbox) -> None:
        time.sleep(600)


class ProblemsHang(Doubling):
    """problems-fail"""

    def problems(self, split: Split) -> Sequence[Problem]:
        time.sleep(600)
        return []


class AnswerInThePrompt(Doubling):
    """answer-in-prompt"""

    def problem(self, number: int, split: Split) -> Problem:
        prompt = [
            {"role": "system", "content": f"Solutions end in a number (here: {2 * number})."},
            {"role": "user", "content": f"What is twice {number}?"},
        ]
        return Problem(id=f"double-{number}", prompt=prompt, data={"answer": str(2 * number)}, split=split)


class AnswerInThePromptInOtherWords(Sentence):
    """answer-in-prompt"""

    def problem(self, number: int, split: Split) -> Problem:
        prompt = [{"role": "user", "content": f"What is twice {number}? (key={2 * number})"}]
        return Problem(id=f"double-{number}", prompt=prompt, data={"answer": str(2 * number)}, split=split)


class AcceptsEmpty(Doubling):
    """accepts-empty"""

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        return RIGHT if problem.data["answer"].startswith(response.strip()) else WRONG


class PaysForNothing(Doubling):
    """accepts-empty"""

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        verdict = super().verify(problem, response, tools)
        return verdict if verdict.reward else Verdict(status=Status.PARTIAL, reward=0.2)


class TakesThePrompt(Doubling):
    """accepts-echo"""

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        numbers = [int(number) for number in re.findall(r"[0-9]{1,9}", response)]
        right = any(number in (int(problem.data["answer"]), int(problem.data["answer"]) // 2) for number in numbers)
        return RIGHT if right else WRONG


class TakesHalf(Sentence):
    """accepts-half"""

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        return RIGHT if response.startswith("Twice that number") else WRONG


class TakesAnyNumber(Doubling):
    """accepts-other"""

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        return RIGHT if re.fullmatch(r"[0-9]+", response) else WRONG


class CaseIsWrong(Doubling):
    """case-differs"""

    def cases(self) -> Iterator[Case]:
        yield Case(problem=self.problem(4, "test"), response="8", expected=Status.INCORRECT)


class CaseIsNone(Doubling):
    """case-fails"""

    def cases(self) -> Iterator[Any]:
        yield ("8", Status.CORRECT)


class Raises(Doubling):
    """verifier-raises"""

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        return RIGHT if int(response) == int(problem.data["answer"]) else WRONG


class AnotherType(Doubling):
    """invalid-verdict"""

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Any:
        return super().verify(problem, response, tools).reward


class RewardOfTwo(Doubling):
    """invalid-verdict"""

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        verdict = super().verify(problem, response, tools)
        return Verdict(status=verdict.status, reward=2.0 * (verdict.reward or 0.0))


class PassWithoutReward(Doubling):
    """status-differs"""

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        return Verdict(status=super().verify(problem, response, tools).status, reward=0.0)


class ChangesItsMind(Doubling):
    """verdict-changes"""

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        verdict = super().verify(problem, response, tools)
        if verdict.status is Status.INCORRECT:
            return Verdict(status=Status.PARTIAL, reward=round(random.random() / 2, 3))
        return verdict


class RemembersAnswers(Doubling):
    """verdict-changes"""

    calls = itertools.count()

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        verdict = super().verify(problem, response, tools)
        return verdict if verdict.reward else Verdict(status=Status.PARTIAL, reward=min(0.5, next(self.calls) / 1e4))


class SpinsOnLongAnswers(Doubling):
    """too-slow"""

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        re.match(r"(\w+\s?)+$", response[:60] + "!" if len(response) > 1000 else "")
        return super().verify(problem, response, tools)


class Sleeps(Doubling):
    """verifier-hangs"""

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        if len(response) > 1000:
            time.sleep(600)
        return super().verify(problem, response, tools)


class EndsTheProcess(Doubling):
    """verifier-dies"""

    def verify(self, problem: Problem, response: str, tools: Toolbox) -> Verdict:
        if not response.strip():
            os._exit(1)
        return super().verify(problem, response, tools)


class EnvironmentFails(Guessing):
    """environment-fails"""

    def respond(self, problem: Problem, transcript: Sequence[Message], tools: Toolbox) -> Any:
        return len(transcript)


class EpisodeDiffers(Guessing):
    """episode-differs"""

    def verify_episode(self, problem: Problem, transcript: Sequence[Message], tools: Toolbox) -> Verdict:
        return self.verify(problem, transcript[0]["content"], tools)


SOUND = (Doubling, Choice, Multiple, Sentence, Graded, Code, Guessing, NoReference)
FLAWED = tuple(
    made
    for made in list(globals().values())
    if isinstance(made, type) and issubclass(made, Doubling) and made not in SOUND
)
