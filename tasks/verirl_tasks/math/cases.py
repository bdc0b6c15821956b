r"""(gold, response, status) that the task vouches for."""

from verirl.types import Status

BOXED = [
    ("19", r"7 + 12 = 19, so the answer is \boxed{19}.", Status.CORRECT),
    ("19", r"\fbox{19}", Status.CORRECT),
    ("19", r"\boxed{20}", Status.INCORRECT),
    ("19", r"The answer is 19.", Status.NO_ANSWER),
    ("19", r"\boxed{18} No: I dropped one. \boxed{19}", Status.CORRECT),
    ("19", r"\boxed{18} or \boxed{19}", Status.INCORRECT),
    ("19", r"\boxed{7 + 12}", Status.INCORRECT),
    ("391", r"\boxed{17 \times 23}", Status.INCORRECT),
    ("19", r"\boxed{\frac{38}{2}}", Status.INCORRECT),
    ("19", r"<think>\boxed{19}", Status.NO_ANSWER),
    ("19", r"<think>perhaps \boxed{3}</think>\boxed{19}", Status.CORRECT),
    ("19", r"\boxed{19", Status.NO_ANSWER),
    ("19", r"\boxed{18.9999999}", Status.INCORRECT),
    ("19", r"\boxed{x = 19}", Status.CORRECT),
    ("1234567", r"\boxed{1,234,567}", Status.CORRECT),
    ("1/2", r"\boxed{0.5}", Status.CORRECT),
    ("0.5", r"\boxed{\frac{4}{8}}", Status.CORRECT),
    ("0.5", r"\boxed{50\%}", Status.CORRECT),
    ("\\frac{1}{3}", r"\boxed{0.33}", Status.INCORRECT),
    ("\\sqrt{8}", r"\boxed{2\sqrt{2}}", Status.CORRECT),
    ("2\\pi", r"\boxed{6.28}", Status.INCORRECT),
    ("(a+5)(b+2)", r"\boxed{ab+2a+5b+10}", Status.CORRECT),
    ("[1,2]", r"\boxed{(1,2)}", Status.INCORRECT),
    ("1,-2", r"\boxed{-2, 1}", Status.CORRECT),
    ("4", r"\boxed{__import__('os').system('true')}", Status.UNPARSEABLE),
    ("19", r"\boxed{x = \boxed{19}}", Status.CORRECT),
    ("19", r"\boxed{19} That is all. \boxed{}", Status.CORRECT),
    ("19", "\\boxed{19}\n```latex\n\\boxed{20}\n```\n", Status.CORRECT),
    ("19", "```\n\\boxed{19}\n```\n", Status.NO_ANSWER),
    ("2^{64}", r"\boxed{2^{10^{10}}}", Status.LIMIT),
]

NUMBER = [
    ("19", "19", Status.CORRECT),
    ("19", "7 + 12 = 19.", Status.CORRECT),
    ("19", "The answer is **19**", Status.CORRECT),
    ("19", "20", Status.INCORRECT),
    ("19", "nineteen", Status.NO_ANSWER),
    ("-5", "-5", Status.CORRECT),
    ("-5", "7 - 12 = -5", Status.CORRECT),
    ("-5", "5", Status.INCORRECT),
    ("5", "12 - 7 = 5", Status.CORRECT),
    ("7", "14 - 7", Status.INCORRECT),
    ("7", "14 / 2", Status.INCORRECT),
    ("1234", "1,234", Status.CORRECT),
    ("0.5", "1/2", Status.CORRECT),
    ("5/6", "The sum is 5/6.", Status.CORRECT),
    ("5/6", "0.83", Status.INCORRECT),
    ("19", "<think>It is 19", Status.NO_ANSWER),
]

LENIENT = [
    ("19", r"\boxed{19}, and not 20", Status.CORRECT),
    ("19", r"The answer is 19. \boxed{\text{unreadable} @@@}", Status.UNPARSEABLE),
    ("19", r"The answer is 19, or so it seems: \boxed{", Status.NO_ANSWER),
    ("19", "**Answer:** 19", Status.CORRECT),
    ("19", "The final answer is **19**.", Status.CORRECT),
    ("19", "#### 19", Status.CORRECT),
    ("\\frac{1}{2}", r"So the answer is $\frac{1}{2}$, as 2 and 1 show.", Status.CORRECT),
    ("19", "7 + 12 = 19", Status.CORRECT),
    ("19", "The answer is 18 or 19", Status.INCORRECT),
    ("19", "nineteen", Status.NO_ANSWER),
]

CASES = {"boxed": BOXED, "number": NUMBER, "lenient": LENIENT}
