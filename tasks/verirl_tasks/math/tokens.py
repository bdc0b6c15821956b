r"""Cuts an answer into tokens of a whitelist: what is not listed is a ParseError, never a guess.

Unicode is normalised first (NFKC), superscripts and fractions in one character before that, since NFKC would make x2 of
x² and 11/2 of 1½.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from verirl_tasks.math.tree import ParseError

LENGTH_CAP = 1_000  # characters
TOKENS_CAP = 300  # bounds the height of a tree, and with it the recursion over one


class Token(NamedTuple):
    """`kind`: number, repeating (a decimal, its period behind |), command, letter, word, begin, end, op, stop."""

    kind: str
    text: str
    glued: bool = False  # nothing, not even a blank, stands before it


_FUNCTIONS = (
    "sin cos tan cot sec csc arcsin arccos arctan arccot arcsec arccsc sinh cosh tanh coth sech csch arcsinh arccosh "
    "arctanh ln log lg exp max min gcd lcm sgn Re Im"
)
FUNCTIONS = frozenset(_FUNCTIONS.split())
_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi omicron rho varrho sigma "
    "tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell hbar "
    "aleph"
)
GREEK = frozenset(_GREEK.split())
_PLAIN_COMMANDS = FUNCTIONS | {"sqrt", "cbrt", "pi", "infty", "infinity", "theta", "alpha", "beta", "arcsin", "mod"}
_SHORT_WORDS = ("and", "or", "pct")
_BARE_UNITS = frozenset({"cm", "mm", "km", "kg", "ft", "mph", "ml", "mL"})
_TEXT_UNITS = frozenset({"m", "g", "s", "h", "l", "L", "min", "sec", "C", "F", "K", "N", "J", "W", "V", "A"})

_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n")
_SUB = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_UNICODE = str.maketrans(
    {
        "−": "-", "–": "-", "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "∙": r"\cdot ", "÷": r"\div ", "⁄": "/",
        "√": r"\surd ", "∛": r"\cbrt ", "°": r"^\circ ", "∞": r"\infty ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ",
        "≈": r"\approx ", "∪": r"\cup ", "∩": r"\cap ", "∖": r"\setminus ", "∈": r"\in ", "±": r"\pm ", "∓": r"\mp ",
        "∅": r"\emptyset ", "π": r"\pi ", "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "δ": r"\delta ",
        "ε": r"\epsilon ", "θ": r"\theta ", "λ": r"\lambda ", "μ": r"\mu ", "ρ": r"\rho ", "σ": r"\sigma ",
        "τ": r"\tau ", "φ": r"\phi ", "ω": r"\omega ", "ℝ": r"\mathbb{R}", "ℤ": r"\mathbb{Z}", "ℕ": r"\mathbb{N}",
        "ℚ": r"\mathbb{Q}", "ℂ": r"\mathbb{C}", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil ",
        "⟨": r"\langle ", "⟩": r"\rangle ", "∨": r"\lor ", "∧": r"\land ", "€": r"\euro ", "£": r"\pounds ",
        "′": "'", "’": "'", "∠": r"\angle ", "△": r"\triangle ", "…": r"\ldots ", "∑": r"\sum ", "∏": r"\prod ",
        "∫": r"\int ", "→": r"\to ",
    }
)  # fmt: skip


def normalised(text: str) -> str:
    """ASCII where there is an ASCII way to write it."""
    if text.isascii():
        return text
    text = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+", lambda run: "^{" + run[0].translate(_SUPER) + "}", text)
    text = re.sub(r"[₀-₉]+", lambda run: "_{" + run[0].translate(_SUB) + "}", text)
    text = re.sub(r"[¼-¾⅐-⅞]", _vulgar, text)
    return unicodedata.normalize("NFKC", text.translate(_UNICODE)).translate(_UNICODE)


def _vulgar(character: re.Match[str]) -> str:
    over, _, under = unicodedata.normalize("NFKC", character[0]).partition("⁄")
    return rf"\frac{{{over}}}{{{under}}}"


_IGNORED = (
    r"\\(?:left|right|middle|displaystyle|textstyle|[bB]igg?[lrm]?|limits|nolimits|mathstrut|rm|bf|it"
    r"|small|normalsize|large|Large|LARGE|huge|Huge|checkmark)"
    r"(?![A-Za-z])\.?|\\q?quad|\\(?:[hv]space\*?|color|textcolor)\{[^{}]*\}|\\[,;:!> ]|[\s~]"
)
_FONTS = r"text|textbf|textit|textrm|textnormal|textsf|texttt|mbox|hbox|mathrm|mathbf|mathit|mathsf|mathcal|mathnormal|operatorname\*?|boldsymbol|bm|emph"
_TOKENS = re.compile(
    rf"(?P<blank>(?:{_IGNORED})+)"
    r"|(?P<repeating>(?P<head>[0-9]*\.[0-9]*)\\(?:overline|bar|dot)\s?\{?(?P<period>[0-9]{1,30})\}?)"
    r"|(?P<dots>(?P<start>[0-9]*\.[0-9]*?)(?P<cycle>[0-9]{1,6})(?P=cycle)(?P=cycle)*\s?(?:\.\.\.|\\[lc]?dots))"
    # 1.234,56: points in threes and a comma cannot be anything else.
    r"|(?P<european>[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]{1,2}(?![0-9,.]))"
    # Thousands: 1,234 and 1{{,}}234 and 1\,234 and 1,\!234 and 1 234.
    r"|(?P<number>(?:[0-9]{1,3}(?:(?:,|\{,\}|,?\\[,!]\s?| )[0-9]{3}(?![0-9]))+|[0-9]{1,3}(?:,\\!\s?[0-9]{2,3}(?![0-9]))+|[0-9]+)(?:\.(?=[0-9])[0-9]+)?"
    r"(?:[eE][+-]?[0-9]+(?![A-Za-z]))?|\.[0-9]+(?:[eE][+-]?[0-9]+(?![A-Za-z]))?)"
    rf"|\\(?:{_FONTS})\s?\{{(?P<words>(?:[^{{}}\\]|\\[ %$,&])*)\}}"
    r"|\\mathbb\s?\{?(?P<blackboard>[A-Z])\}?"
    r"|\\begin\s?\{(?P<begin>[a-zA-Z]+\*?)\}(?:\{[lcr|]*\})?|\\end\s?\{(?P<end>[a-zA-Z]+\*?)\}"
    r"|\\(?P<command>[A-Za-z]+)"
    r"|(?P<escape>\\[\\%$#&{}|])"
    r"|(?P<ellipsis>\.\.\.)|(?P<power>\*\*)"
    r"|(?P<letters>[A-Za-z]+)"
    r"|(?P<op>[-+*/^_=(){}\[\]|,;:!%<>&$'])"
)
_DEPTH = {"(": 1, "[": 1, r"\{": 1, ")": -1, "]": -1, r"\}": -1}


def tokens(text: str, units: bool = False) -> list[Token]:
    """The tokens of an answer, a `stop` last. `units`: letters behind a number are a unit where they can be one."""
    if len(text) > LENGTH_CAP:
        raise ParseError(f"it has more than {LENGTH_CAP} characters")
    text = normalised(strip_delimiters(text))
    text = re.sub(r"(?<!\\)\$([^$]{1,300})(?<!\\)\$", r" \1 ", text)  # $1$ or $2$
    if r"\begin" not in text:  # no rows: a command that was escaped twice
        text = re.sub(r"\\\\(?=[A-Za-z]{2})", r"\\", text)
    found: list[Token] = []
    position, depth, glued = 0, 0, False
    while position < len(text):
        match = _TOKENS.match(text, position)
        if match is None:
            raise ParseError(f"{text[position]!r} is not understood")
        kind, token = match.lastgroup, match[0]
        position = match.end()
        if kind == "blank":
            glued = False
            continue
        if kind == "number":
            # Inside brackets a comma separates, and so does a blank: (1,234) is a pair.
            if depth and (cut := re.search(r"(?<=[0-9])[, ](?=[0-9])", token)):
                token = token[: cut.start()]
                position = match.start() + len(token)
            found.append(Token("number", re.sub(r"[,{}!\\\s]", "", token), glued))
        elif kind == "european":
            if depth:
                raise ParseError(f"{token} in brackets may be one number or two")
            found.append(Token("number", token.replace(".", "").replace(",", "."), glued))
        elif kind == "repeating" or kind == "dots" or (match["period"] or match["cycle"]):
            head, period = match["head"] or match["start"], match["period"] or match["cycle"]
            found.append(Token("repeating", f"{head}|{period}", glued))
        elif kind == "words":
            measured = bool(found) and found[-1].kind == "number"
            found += _words(re.sub(r"\\(.)", r"\1", match["words"]), glued, measured)
        elif kind == "blackboard":
            found.append(Token("command", f"mathbb{match['blackboard']}", glued))
        elif kind in ("begin", "end"):
            found.append(Token(kind, match[kind].rstrip("*"), glued))
        elif kind == "command":
            found.append(Token("command", match["command"], glued))
        elif kind == "ellipsis":
            found.append(Token("command", "ldots", glued))
        elif kind == "power":
            found.append(Token("op", "^", glued))
        elif kind == "letters":
            found += _letters(token, glued, units and bool(found) and found[-1].kind == "number")
        else:
            found.append(Token("op", token, glued))
            depth += _DEPTH.get(token, 0)
        glued = True
    if len(found) > TOKENS_CAP:
        raise ParseError(f"it has more than {TOKENS_CAP} numbers, letters and signs")
    found.append(Token("stop", ""))
    return found


def _words(content: str, glued: bool, measured: bool) -> list[Token]:
    r"""What \text{...} and its like hold: a number, a function or a letter is what it is; the rest are words.

    `measured`: it stands behind a number, where `min` and `m` are units.
    """
    content = " ".join(content.split()).strip(" ")
    if not content:
        return []
    if measured and content in _TEXT_UNITS:
        return [Token("word", content, glued)]
    if re.fullmatch(r"[0-9]{1,30}(?:\.[0-9]{1,30})?", content):
        return [Token("number", content, glued)]
    if content in _PLAIN_COMMANDS:
        return [Token("command", content, glued)]
    if len(content) == 1 and content.isalpha():
        return [Token("letter", content, glued)]
    found: list[Token] = []
    # "1 or" and ", and": joiners inside are still joiners; all else stays together.
    for part in re.split(r"(?<![A-Za-z])(and|or)(?![A-Za-z])", content):
        part = part.strip(" ,")
        if part:
            found.append(Token("word", part, glued))
    return found


def _letters(run: str, glued: bool, unit: bool) -> list[Token]:
    if run in _PLAIN_COMMANDS:
        return [Token("command", run, glued)]
    if len(run) >= 4 or unit or (run in _BARE_UNITS and not glued) or run in _SHORT_WORDS:
        return [Token("word", run, glued)]
    return [Token("letter", letter, glued or index > 0) for index, letter in enumerate(run)]


_DELIMITERS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), ("**", "**"), ("`", "`"))


@lru_cache(maxsize=4096)
def strip_delimiters(text: str) -> str:
    """Without math delimiters or braces around the whole and a full stop at its end."""
    text = text.strip()
    if text.count("$") == 1 and text.endswith("$") and not text.endswith("\\$") and len(text) > 1:
        text = text[:-1].rstrip()
    for _ in range(4):
        if (text.endswith((".", ",")) and not text.endswith("...")) or (text.endswith("\\") and text[-2:] != r"\\"):
            text = text[:-1].rstrip()
        for left, right in _DELIMITERS:
            if text.startswith(left) and text.endswith(right) and len(text) >= len(left) + len(right):
                text = text[len(left) : -len(right)].strip()
                break
        if text.startswith("{") and text.endswith("}") and _is_one_group(text):
            text = text[1:-1].strip()
    return text


def _is_one_group(text: str) -> bool:
    """Whether the braces at both ends are a pair, and no set of several: {1, 2} is one in plain text."""
    depth = 0
    for match in re.finditer(r"\\.|[{},]", text):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if (depth == 0 and match.end() < len(text)) or (depth == 1 and match[0] == ","):
            return False
    return depth == 0
