r"""What a model writes around its answer: reasoning, display maths, bold, a corrected mistake, politeness."""

from __future__ import annotations

from collections.abc import Callable

from mathgen.golds import Draw, nonzero, power, total

_NOUNS = ("apples", "marbles", "pages", "students", "tickets", "coins", "tiles", "chairs", "litres", "hours")
_OPENINGS = (
    "Let's work through this step by step.",
    "We start from what is given.",
    "To solve this, set up the equations first.",
    "Okay, so I need to find the value that the problem asks for.",
    "First, recall the definitions.",
)
_LINKS = ("So", "Then", "Therefore", "Hence", "This means that", "Next,", "Note that", "It follows that", "Now")
_CLOSINGS = (
    "",
    "",
    " I hope this helps!",
    "\n\nThis matches the condition in the problem, so we are done.",
    " Let me know if you would like another way to see it.",
    "\n\nWe can check it by substitution: both sides agree.",
)


def sentence(draw: Draw) -> str:
    link, noun = draw.choice(_LINKS), draw.choice(_NOUNS)
    a, b, k = draw.randrange(2, 99), draw.randrange(2, 99), nonzero(draw, -9, 9)
    x = draw.choice("xyzn")
    return draw.choice(
        (
            f"{link} ${a} + {b} = {a + b}$.",
            rf"{link} the total is ${a} \cdot {b} = {a * b}$ {noun}.",
            f"{link} there are {a} {noun} left over and {b} that were given away, which makes {a + b} altogether.",
            rf"{link} \(\frac{{{a * b}}}{{{b}}} = {a}\), as expected.",
            rf"{link} we get \[ {total([(1, power(x, 2)), (k, x), (-a, '')])} = 0, \] which has two real roots.",
            rf"{link} the slope of the line is ${k}$ and it passes through $({a}, {b})$.",
            f"{link} ${x} = {a}$ does not satisfy the second equation, so we rule it out.",
            rf"{link} since $\sqrt{{{a * a}}} = {a}$, only the positive root counts.",
            f"{link} each of the {a} {noun} costs \\${b}.50, that is \\${a * b + a / 2:.2f} in all.",
            f"{link} by symmetry the other case gives the same value.",
            f"{link} **step {a % 7 + 1}** is finished and only the remainder modulo {b} matters.",
            rf"{link} the sum $\sum_{{k=1}}^{{{b}}} k = {b * (b + 1) // 2}$ is what we need below.",
        )
    )


def reasoning(draw: Draw, sentences: int) -> str:
    """About 18 tokens a sentence, in paragraphs and now and then as a list."""
    parts = [draw.choice(_OPENINGS)]
    for index in range(sentences):
        gap = "\n\n" if index % 4 == 3 else f"\n{index + 1}. " if draw.random() < 0.15 else " "
        parts += [gap, sentence(draw)]
    return "".join(parts)


Wrapping = Callable[[Draw, str, str], str]


def _bare(draw: Draw, answer: str, _: str) -> str:
    return f"\\boxed{{{answer}}}"


def _sentence(draw: Draw, answer: str, thought: str) -> str:
    return f"{thought}\n\nTherefore, the answer is $\\boxed{{{answer}}}$.{draw.choice(_CLOSINGS)}"


def _display(draw: Draw, answer: str, thought: str) -> str:
    return f"{thought}\n\nThe final answer is:\n\n\\[\n\\boxed{{{answer}}}\n\\]{draw.choice(_CLOSINGS)}"


def _dollars(draw: Draw, answer: str, thought: str) -> str:
    return f"{thought}\n\n### Final answer\n$$\n\\boxed{{{answer}}}\n$$"


def _bold(draw: Draw, answer: str, thought: str) -> str:
    return f"{thought}\n\n**Final Answer:** **$\\boxed{{{answer}}}$**{draw.choice(_CLOSINGS)}"


def _aligned(draw: Draw, answer: str, thought: str) -> str:
    return f"{thought}\n\\begin{{align*}}\nS &= a + b \\\\\n  &= \\boxed{{{answer}}}.\n\\end{{align*}}"


def _think(draw: Draw, answer: str, thought: str) -> str:
    return (
        f"<think>\n{thought}\nMaybe it is \\boxed{{{draw.randrange(100)}}}? No.\n</think>\n\nIt is \\boxed{{{answer}}}."
    )


def _corrected(draw: Draw, answer: str, thought: str) -> str:
    first = f"{thought}\n\nSo the answer is $\\boxed{{{draw.randrange(1000, 2000)}}}$."
    return f"{first}\n\nWait, I dropped a factor. After correcting that, the answer is $\\boxed{{{answer}}}$."


def _code(draw: Draw, answer: str, thought: str) -> str:
    block = f"```python\nprint(sum(range({draw.randrange(9, 99)})))  # \\boxed{{{draw.randrange(99)}}}\n```"
    return f"{thought}\n\n{block}\n\nHence \\fbox{{{answer}}}."


def _spaced(draw: Draw, answer: str, thought: str) -> str:
    return f"{thought} Final answer: \\boxed{{ {answer} }}"


WRAPPINGS: dict[str, Wrapping] = {
    "box alone": _bare,
    "sentence": _sentence,
    "display": _display,
    "dollars": _dollars,
    "bold": _bold,
    "aligned": _aligned,
    "think": _think,
    "corrected": _corrected,
    "code": _code,
    "spaced": _spaced,
}


def wrap(draw: Draw, answer: str, wrapping: str, sentences: int) -> str:
    return WRAPPINGS[wrapping](draw, answer, reasoning(draw, sentences))
